import { describe, expect, it } from '@jest/globals';
import { type LockEvents, StoreUnavailableError } from '../../lib/index.js';
import { EventHub } from '../../lib/core/events.js';
import type { SyncManager } from '../../lib/engine/sync-manager.js';
import { EventLog } from '../../lib/module/event-log.js';
import { LineLimiter } from '../../lib/module/line-limiter.js';
import { VirtualClock } from '../../lib/testing/index.js';
import { LogLines } from './support/app.js';

const LEADERSHIP = 'service/orders/leadership';
const holder = { service: 'orders', host: 'node-2', pid: 7, since: '2026-01-01T00:00:00.000Z' };

function started() {
  const hub = new EventHub();
  const clock = new VirtualClock();
  const log = new LogLines();
  const manager = { on: hub.on.bind(hub) } as unknown as SyncManager;
  const detach = new EventLog(log, clock, 'redis', LEADERSHIP).attach(manager);
  const tell = <E extends keyof LockEvents>(name: E, event: Partial<LockEvents[E]>) =>
    hub.emit(name, { key: 'k', owner: 'o', fencingToken: 1, ...event } as LockEvents[E]);
  return { clock, lines: log.lines, tell, detach };
}

describe('the log of a manager', () => {
  it('tells who leads', () => {
    const { lines, tell } = started();
    tell('waiting', { key: LEADERSHIP, holder });
    tell('waiting', { key: LEADERSHIP, holder });
    tell('acquired', { key: LEADERSHIP, fencingToken: 42, waitedMs: 60_000 });
    tell('lost', { key: LEADERSHIP, cause: 'expired' });
    tell('waiting', { key: LEADERSHIP, holder });
    tell('acquired', { key: LEADERSHIP, fencingToken: 43, waitedMs: 10 });
    tell('released', { key: LEADERSHIP });
    expect(lines).toEqual([
      `log: This replica follows: '${LEADERSHIP}' is led by orders on node-2, pid 7, since 2026-01-01T00:00:00.000Z.`,
      `log: This replica leads '${LEADERSHIP}' now (fencing token 42).`,
      `warn: Leadership '${LEADERSHIP}' was lost: no renewal was confirmed in time.`,
      `log: This replica follows: '${LEADERSHIP}' is led by orders on node-2, pid 7, since 2026-01-01T00:00:00.000Z.`,
      `log: This replica leads '${LEADERSHIP}' now (fencing token 43).`,
      `log: Leadership '${LEADERSHIP}' was given up.`,
    ]);
  });

  it('tells once that the store is silent, and once that it answers again', async () => {
    const { clock, lines, tell } = started();
    const error = new Error('connect ECONNREFUSED');
    for (let i = 0; i < 50; i++) {
      tell('renewal-failed', { error, remainingMs: 100 });
      tell('acquire-delayed', { reason: 'unavailable', error, retryInMs: 100 });
    }
    await clock.advance(12_300);
    tell('renewed', { remainingMs: 1000 });
    tell('renewed', { remainingMs: 1000 });
    expect(lines).toEqual([
      'warn: Lock store redis does not answer (connect ECONNREFUSED). Leases are held while their time lasts; it is asked again.',
      'log: Lock store redis answers again after 12.3 s.',
    ]);
  });

  it('tells of one release that failed for a silent store, not of each', () => {
    const { lines, tell } = started();
    const error = new StoreUnavailableError('no answer within 400 ms.', { sent: true });
    for (let i = 0; i < 3; i++) tell('release-failed', { error });
    expect(lines).toEqual([
      "warn: Release of 'k' was not confirmed (no answer within 400 ms); it ends by its TTL.",
      'warn: Lock store redis does not answer (no answer within 400 ms). Leases are held while their time lasts; it is asked again.',
    ]);
  });

  it('tells of losses with their cause, of releases that failed, and of long waits; nothing of what is usual', () => {
    const { lines, tell } = started();
    tell('acquired', { waitedMs: 4 });
    tell('renewed', { remainingMs: 4 });
    tell('expiring', { remainingMs: 4 });
    tell('released', { heldMs: 4 });
    expect(lines).toEqual([]);
    tell('waiting', { holder });
    tell('acquired', { waitedMs: 7250 });
    tell('lost', { cause: 'refused' });
    tell('lost', { cause: 'clock-jump' });
    tell('release-failed', { error: new Error('timed out') });
    tell('listener-error', { event: 'lost', error: 'boom' });
    expect(lines).toEqual([
      "debug: Waiting for 'k', held by orders on node-2, pid 7, since 2026-01-01T00:00:00.000Z.",
      "log: 'k' was granted after a wait of 7.3 s.",
      "warn: The lease of 'k' was lost: the store refused to renew it.",
      "warn: The lease of 'k' was lost: the clock jumped, as after a suspend.",
      "warn: Release of 'k' was not confirmed (timed out); it ends by its TTL.",
      "warn: A listener of 'lost' threw: boom.",
    ]);
  });

  it('tells why the restart guard withholds grants', () => {
    const { lines, tell } = started();
    tell('acquire-delayed', { reason: 'restart-guard', retryInMs: 41_500 });
    expect(lines).toEqual([
      'log: The restart guard of redis withholds grants for 42s more, so that no older lease is overlapped.',
    ]);
  });

  it('is no flood when a thousand leases are lost together', async () => {
    const { clock, lines, tell } = started();
    for (let i = 0; i < 1000; i++) tell('lost', { key: `k${i}`, cause: 'expired' });
    await clock.advance(10_000);
    tell('lost', { key: 'later', cause: 'expired' });
    expect(lines).toHaveLength(6);
    expect(lines[5]).toMatch(/'later' was lost.*\(995 more lines like this one were left out\.\)$/);
  });

  it('ends when told to', () => {
    const { lines, tell, detach } = started();
    detach();
    tell('lost', { cause: 'expired' });
    expect(lines).toEqual([]);
  });
});

describe('LineLimiter', () => {
  it('limits each kind by itself', () => {
    const lines: string[] = [];
    const limiter = new LineLimiter(new VirtualClock());
    for (let i = 0; i < 7; i++) limiter.pass('a', `a${i}`, line => lines.push(line));
    limiter.pass('b', 'b', line => lines.push(line));
    expect(lines).toEqual(['a0', 'a1', 'a2', 'a3', 'a4', 'b']);
  });
});
