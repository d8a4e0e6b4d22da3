export type { ConformanceCase, ConformanceHarness } from './conformance/harness.js';
export { leaseStoreConformance } from './conformance/lease-store-conformance.js';
export { createSeededRandom } from './seeded-random.js';
export { VirtualClock } from './virtual-clock.js';
export type { PauseKind, VirtualClockOptions } from './virtual-clock.js';
