// One process with both builds: a lease taken through one is seen through the other
import { createRequire } from 'node:module';
import * as esm from 'nestjs-distributed-lock';
import { MemoryStore } from 'nestjs-distributed-lock/memory';

const cjs = createRequire(import.meta.url)('nestjs-distributed-lock');
const manager = new esm.SyncManager({ store: new MemoryStore() });
const seen = await manager.withLock('k', async () => [esm.currentLease()?.key, cjs.currentLease()?.key]);
await manager.close();
console.log(JSON.stringify({ areTwoBuilds: esm.SyncManager !== cjs.SyncManager, seen }));
