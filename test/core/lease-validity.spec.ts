import { describe, expect, it } from '@jest/globals';
import { ElapsedTime } from '../../lib/core/lease-timing.js';
import { LeaseValidity } from '../../lib/core/lease-validity.js';
import { resolveAcquire } from '../../lib/core/options.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { VirtualClock } from '../../lib/testing/index.js';

/** ttl 10 s: margin 102 ms, expiring after 6 s. */
function setUp(sentAt = 0) {
  const clock = new VirtualClock();
  const elapsed = new ElapsedTime(clock);
  const { timing } = resolveAcquire(
    { ttl: 10_000, expiringAfter: 6000 },
    { store: memoryStore(), driftRate: 0.01, timing: {} },
  );
  return { clock, elapsed, validity: new LeaseValidity(sentAt, timing, elapsed) };
}

describe('validity of a lease', () => {
  it.each([
    // sentAt of the renewals with their ttl, then until when it is held and from when on it is expiring
    [[], 9898, 6000],
    [[[3000, 10_000]], 12_898, 9000],
    [
      [
        [3000, 10_000],
        [1000, 10_000],
      ],
      12_898,
      9000,
    ],
    [[[3000, 60_000]], 62_398, 58_500],
    [
      [
        [3000, 60_000],
        [6000, 10_000],
      ],
      62_398,
      58_500,
    ],
    [
      [
        [3000, 60_000],
        [55_000, 10_000],
      ],
      64_898,
      61_000,
    ],
  ] as [[number, number][], number, number][])(
    'after renewals %j it is held until %d, and expiring from %d',
    (renewals, until, expiring) => {
      const { validity } = setUp();
      for (const [sentAt, ttlMs] of renewals) validity.renewed(sentAt, ttlMs);
      expect(validity.validUntil).toBe(until);
      expect(validity.expiringAt).toBe(expiring);
      expect(validity.overBy(until - 0.01)).toBeNull();
      expect(validity.overBy(until)).toBe('expired');
    },
  );

  it('counts from the sending of the acquisition', () => {
    expect(setUp(-4000).validity.validUntil).toBe(5898);
  });

  it('knows by when the store has ended it, whose clock may be the slower one', () => {
    expect(setUp().validity.storeExpiryAt).toBe(9898 + 204);
  });

  it('blames a clock jump only where it would still be held without', async () => {
    const { clock, elapsed, validity } = setUp();
    clock.jumpWall(5000);
    await clock.advance(4000);
    expect(validity.overBy(elapsed.now())).toBeNull();
    await clock.advance(1000);
    expect(validity.overBy(elapsed.now())).toBe('clock-jump');
    await clock.advance(5000);
    expect(validity.overBy(elapsed.now())).toBe('expired');
  });

  it('a renewal forgives the jumps before it', async () => {
    const { clock, elapsed, validity } = setUp();
    clock.jumpWall(5000);
    elapsed.now();
    validity.renewed(elapsed.now(), 10_000);
    await clock.advance(9899);
    expect(validity.overBy(elapsed.now())).toBe('expired');
  });

  it('asks for the TTL itself, to the last digit, and for more only where a renewal may have been longer', () => {
    const { validity } = setUp();
    for (let n = 0; n < 1000; n++) {
      const now = 10_000 + n * 0.987654321;
      validity.mayHaveRenewed(now, 15_000);
      expect(validity.ttlNeededMs(now, 15_000)).toBe(15_000);
    }
    validity.mayHaveRenewed(11_000, 60_000);
    expect(validity.ttlNeededMs(21_000, 15_000)).toBe(50_000);
    expect(validity.ttlNeededMs(70_000, 15_000)).toBe(15_000);
  });
});
