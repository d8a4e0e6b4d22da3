/**
 * The reader's application, as far as the documentation speaks of it. A block that uses one of these names without
 * declaring it gets it from here; nothing of this is ever run.
 */
import type { Redis as IoRedis } from 'ioredis';
import type { SyncManager } from '../../lib/index.js';

type Cancellable = { signal: AbortSignal };

export type Redis = IoRedis;
export type Order = { id: string; status: string };

export declare const gateway: { charge(orderId: string, options: Cancellable): Promise<string> };
export declare const db: { query<T>(sql: string, values: readonly unknown[]): Promise<{ rows: T[] }> };
export declare const cache: { get(key: string): number };
export declare const exchange: { quote(symbol: string, options: Cancellable): Promise<number> };
export declare const consumer: { start(options: Cancellable): Promise<void>; stop(): Promise<void> };
export declare const pages: readonly string[];
export declare const orderId: string;
export declare const locks: SyncManager;
export declare const manager: SyncManager;
export declare const REDIS_CLIENT: unique symbol;

export declare function render(page: string, options: Cancellable): Promise<void>;
export declare function migrate(options: Cancellable): Promise<void>;
export declare function consume(options: Cancellable): void;

export declare class PaymentService {
  constructor(payments: typeof gateway);
  pay(orderId: string): Promise<string>;
}
export declare class SettlementJobs {
  settle(): Promise<void>;
}
