import { ConflictException, Controller, Get, Param, Post } from '@nestjs/common';
import type { Order, Payment } from './order.js';
import { OrderRepository } from './order-repository.js';
import { PaymentService } from './payment.service.js';

@Controller('orders')
export class OrdersController {
  constructor(
    private readonly payments: PaymentService,
    private readonly orders: OrderRepository,
  ) {}

  @Post(':id/pay')
  async pay(@Param('id') id: string): Promise<Payment> {
    const { payment, isNew } = await this.payments.pay(id);
    if (!isNew) throw new ConflictException({ message: `Order ${id} is already paid`, payment });
    return payment;
  }

  @Get(':id')
  async find(@Param('id') id: string): Promise<Order> {
    return this.orders.view(id);
  }
}
