import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { openContender } from '../contenders/index.mjs';
import { acquireMany } from '../measure/acquire-many.mjs';
import { loopFor } from '../measure/loops.mjs';

const RESOLUTION_MS = 5;

/** Holds leases, and tells what that costs this process. */
export default async function held({ contender, url, leases, ttlMs, idleMs, holdMs, concurrency }, line) {
  const locks = await openContender(contender, { url, ttlMs, waitMs: 60_000 });
  await loopFor(locks.cycle, { concurrency: 10, ms: 300 });
  const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const cpuUsPerMs = await idleCpu(loop, idleMs);
  const before = memoryAfterGc();

  const start = performance.now();
  const handles = await acquireMany(locks.hold, { leases, concurrency });
  const acquireMs = performance.now() - start;
  await sleep(ttlMs / 2); // the burst of the acquisitions is over
  globalThis.gc();
  await line.say('acquired', acquireMs);
  await line.heard('hold');

  const renewalsBefore = locks.renewals?.();
  const cpu = process.cpuUsage();
  const from = performance.now();
  loop.reset();
  loop.enable();
  await sleep(holdMs);
  loop.disable();
  const heldMs = performance.now() - from;
  const { user, system } = process.cpuUsage(cpu);
  const after = memoryAfterGc();
  await line.say('held', {
    heldMs,
    cpuUs: user + system - heldMs * cpuUsPerMs,
    renewals: locks.renewals && locks.renewals() - renewalsBefore,
    lost: locks.lost(),
    leases: handles.length,
    heapBytesPerLease: (after.heapUsed - before.heapUsed) / leases,
    rssBytesPerLease: (after.rss - before.rss) / leases,
    loopDelayMs: {
      p50: beyondResolution(loop.percentile(50)),
      p99: beyondResolution(loop.percentile(99)),
      max: beyondResolution(loop.max),
    },
  });
  await line.heard('never');
}

/** CPU time that the process takes when it holds nothing: its clock of the loop delay, and the connection. */
async function idleCpu(loop, idleMs) {
  loop.enable();
  const cpu = process.cpuUsage();
  await sleep(idleMs);
  const { user, system } = process.cpuUsage(cpu);
  loop.disable();
  return (user + system) / idleMs;
}

function memoryAfterGc() {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage();
}

/** The monitor records the time between two ticks, which is its resolution when nothing is late. */
function beyondResolution(ns) {
  return Math.max(0, ns / 1e6 - RESOLUTION_MS);
}
