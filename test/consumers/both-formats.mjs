// One process with both builds, as when a CommonJS library and an ESM application both lock: they see the same leases
import { createRequire } from 'node:module';
import * as esm from 'nestjs-distributed-lock';
import { memoryStore } from 'nestjs-distributed-lock/memory';

const cjs = createRequire(import.meta.url)('nestjs-distributed-lock');
const manager = new esm.SyncManager({ store: memoryStore() });

const seen = await manager.withLock('k', async () => [esm.currentLease()?.key, cjs.currentLease()?.key]);

class Payments {
  async pay() {
    return esm.currentLease()?.key;
  }
}
const method = Object.getOwnPropertyDescriptor(Payments.prototype, 'pay');
cjs.WithLock('order')(Payments.prototype, 'pay', method);
Object.defineProperty(Payments.prototype, 'pay', method);
const paid = await esm.bindLocks(new Payments(), manager).pay();

await manager.close();
console.log(JSON.stringify({ areTwoBuilds: esm.SyncManager !== cjs.SyncManager, seen, paid }));
