export type { ConformanceCase, ConformanceHarness } from './conformance/harness.js';
export { leaseStoreConformance } from './conformance/lease-store-conformance.js';
export { alwaysGrantedStore, alwaysHeldStore } from './fake-stores.js';
export type { Fault, FaultOdds, FaultyMethod } from './faults.js';
export { FaultyStore } from './faulty-store.js';
export type { CutDirection, FaultyCall } from './faulty-store.js';
export { createSeededRandom } from './seeded-random.js';
export { VirtualClock } from './virtual-clock.js';
export type { PauseKind, VirtualClockOptions } from './virtual-clock.js';
