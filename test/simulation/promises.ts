/**
 * What the simulation checks, each with the promise of ARCHITECTURE.md that it is part of, and where it is seen to.
 * `docs/safety.md` says how each is seen to hold.
 */
export const PROMISES = {
  'loss comes first': 'promises 1 and 5: oracle.ts, when a server grants a key',
  'isHeld reads the clock': 'promise 3: oracle.ts, when a process goes on after a pause',
  'the signal reads the clock': 'promise 3: as above',
  'who is granted a lease holds it': 'promise 2: oracle.ts, when a process acquires',
  'nobody believes in what was not granted': 'promise 2: as above',
  'a lease never revives': 'promise 2: as above',
  'one lease per key in a process': 'the contract of Lease: as above',
  'an owner holds one key':
    'the contract of acquire, which is idempotent for slots, too: oracle.ts, when a server grants a key',
  'fencing tokens grow': 'promise 4: oracle.ts, when a server grants a key',
  'a fenced resource serves no stale owner': 'promises 4 and 7: fenced-resource.ts, at each access',
  'whose lease has ended knows': 'promises 1 and 3: oracle.ts, at the end of a lease',
  'only a refusal is a refusal': 'promise 6: oracle.ts, at the end of a lease',
  'a set is all or none':
    'the contract of acquireAll: expectations.ts, when it rejects and after work; oracle.ts, at the loss of one',
  'lost means lost': 'promise 6: expectations.ts, when a renewal fails',
  'held means held': 'promise 6: expectations.ts, after a wait or a try',
  'the store is unavailable only when it is': 'promise 6: expectations.ts, after a wait',
  'what nobody waits for is released': 'promise 6: replica.ts, a while after a grant',
  'what is revoked ends': 'the contract of revoke: workload.ts, after it',
  'one end per lease': 'the contract of events: oracle.ts, at each event; simulate.ts, after close',
  'data is handed on': 'the contract of data: data-history.ts, when a process acquires',
  'a probe takes over from the dead': 'the contract of tryAcquire: workload.ts, after it',
  'a wait ends when its signal aborts': 'the contract of acquire: workload.ts, after an abort',
  'errors are those of the contract': 'the contract of errors: expectations.ts, at each rejection',
  'one leader': 'promise 3: replica.ts, when a process goes on after a pause',
  'hooks take turns': 'the contract of leadership and of balance: replica.ts, at each hook',
  'a balance shares out': 'the contract of pools: simulate.ts, once everything has healed',
  'listeners do not throw': 'the contract of events: replica.ts, at each event',
  'no rejection is unhandled': 'the engine’s rules: simulate.ts, all the time',
  'nothing is left behind': 'the engine’s rules: simulate.ts, after close',
  'no lease is lost while nothing is wrong': 'progress: oracle.ts, at the end of a lease',
  'everybody is served': 'progress: expectations.ts, after a wait; simulate.ts, once everything has healed',
  'a run ends': 'progress: simulate.ts',
} as const;

/** The name of one of {@link PROMISES}. */
export type PromiseName = keyof typeof PROMISES;
