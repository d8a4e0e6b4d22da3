/** Money taken for an order. */
export interface Payment {
  readonly receipt: string;
  readonly orderId: string;
  readonly paidAt: string;
  /** The process that took it. */
  readonly pid: number;
}

export interface Order {
  readonly id: string;
  readonly status: 'open' | 'paid' | 'settled';
  /** Never more than one, if the locks and the fence do their work. */
  readonly payments: readonly Payment[];
}

export function toOrder(id: string, payments: readonly Payment[], isSettled: boolean): Order {
  const status = isSettled ? 'settled' : payments.length > 0 ? 'paid' : 'open';
  return { id, status, payments };
}
