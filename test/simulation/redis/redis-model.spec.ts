import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { withRestartGuard } from '../../../lib/stores/redis/restart-guard.js';
import { SCRIPTS } from '../../../lib/stores/redis/scripts.generated.js';
import { systemClock } from '../../../lib/platform/system-clock.js';
import { VirtualClock } from '../../../lib/testing/index.js';
import { fresh } from '../../support/fixtures.js';
import { defaultRedisServer, type RedisServer } from '../../support/redis-server.js';
import { Dice } from '../dice.js';
import { RedisModel } from './redis-model.js';
import { ScriptReplay } from './script-replay.js';
import { drawStep, namesOf } from './script-step.js';

const SEQUENCES = 60;
const STEPS = 40;
const START_MS = 1_767_225_600_000;
/** All that the scripts say, and what Redis says of values that are none of theirs. */
const ANSWERS = [
  ...['granted', 'held', 'absent', 'corrupt', 'renewed', 'released', 'not-held', 'revoked', 'not-found'],
  ...['lease', 'free', 'error WRONGTYPE'],
];

describe('The model of Redis', () => {
  let server: RedisServer;
  let real: Redis;
  beforeAll(async () => {
    server = await defaultRedisServer();
    real = new Redis(server.url);
    for (const { source } of Object.values(SCRIPTS)) await real.script('LOAD', source);
  });
  afterAll(async () => {
    await real.quit();
    await server.stop();
  });

  it(`answers the scripts and keeps data as a real Redis does, in ${SEQUENCES} sequences of ${STEPS} commands`, async () => {
    const answers = new Map<string, number>();
    for (let seed = 1; seed <= SEQUENCES; seed++) {
      const dice = new Dice(`model ${seed}`);
      const replay = new ScriptReplay(real);
      const keys = [fresh('{a} %'), fresh('ü')];
      for (let i = 0; i < STEPS; i++) {
        const step = drawStep(dice, dice.pick(keys), replay.grants);
        const { answer, differences } = await replay.run(step);
        expect({ seed, i, step, differences }).toEqual({ seed, i, step, differences: [] });
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      }
      expect({ seed, isOrderKept: replay.isOrderKept }).toEqual({ seed, isOrderKept: true });
      await real.del(...keys.flatMap(namesOf));
    }
    const seldom = ANSWERS.filter(answer => (answers.get(answer) ?? 0) < 5);
    expect({ seldom, answers }).toEqual({ seldom: [], answers });
  }, 120_000);

  it('lets the restart guard wait as long as a real Redis does', async () => {
    const guarded = withRestartGuard(SCRIPTS.acquire, 30 * 86_400_000);
    await real.script('LOAD', guarded.source);
    const uptimeS = Number(/uptime_in_seconds:(\d+)/.exec(await real.info('server'))![1]);
    const model = new RedisModel({ clock: systemClock, uptimeMs: uptimeS * 1000 });
    model.loadScript(guarded.source);
    const words = [...namesOf(fresh('key')), 'owner', '60000', '', '', 'keep', '', ''];
    const replies = [
      await real.callBuffer('EVALSHA', guarded.sha1, 3, ...words),
      model.evalsha(guarded.sha1, 3, words),
    ] as [Buffer, number][];
    expect(replies.map(([kind]) => kind.toString())).toEqual(['not-yet', 'not-yet']);
    expect(Math.abs(replies[0]![1] - replies[1]![1])).toBeLessThanOrEqual(2000);
  });
});

describe('A server of the model', () => {
  let clock: VirtualClock;
  let model: RedisModel;
  beforeEach(() => {
    clock = new VirtualClock({ wallMs: START_MS });
    model = new RedisModel({ clock });
    for (const { source } of Object.values(SCRIPTS)) model.loadScript(source);
  });
  const acquire = (key: string, owner: string, script = SCRIPTS.acquire): string => {
    const { lease, fence, data } = model.keys.of(key);
    const words = [lease, fence, data, owner, '10000', '', '', 'keep', '', ''];
    const reply = model.evalsha(script.sha1, 3, words);
    return String(Array.isArray(reply) ? reply[0] : reply).split(' ')[0]!;
  };

  it('knows no scripts after a restart', () => {
    model.restart({ keeps: 'all' });
    expect(() => acquire('key', 'ann')).toThrow('NOSCRIPT');
  });

  it('keeps everything, nothing, or what there was so long ago', async () => {
    for (const [keeps, holders] of [
      ['all', ['ann', 'bob']],
      [{ olderThanMs: 500 }, ['ann', undefined]],
      ['nothing', [undefined, undefined]],
    ] as const) {
      model.restart({ keeps: 'nothing' });
      acquireAfterRestart('a', 'ann');
      await clock.advance(1000);
      acquireAfterRestart('b', 'bob');
      model.command('PEXPIRE', model.keys.of('a').lease, '60000');
      model.restart({ keeps });
      expect([model.holderOf('a')?.owner, model.holderOf('b')?.owner]).toEqual(holders);
      await clock.advance(9500);
      expect(model.holderOf('a')?.owner).toBe(keeps === 'all' ? 'ann' : undefined);
    }
  });

  it('grants nothing under the restart guard until it has been up for maxTtl, and a second for the rounding', async () => {
    const guarded = withRestartGuard(SCRIPTS.acquire, 5000);
    model.restart({ keeps: 'all' });
    model.loadScript(guarded.source);
    await clock.advance(5900);
    expect(acquire('key', 'ann', guarded)).toBe('not-yet');
    await clock.advance(100);
    expect(acquire('key', 'ann', guarded)).toBe('granted');
  });

  it('refuses connections while it is down, and has dropped those it had', () => {
    const dropped: string[] = [];
    const peer = { message: () => {}, dropped: () => void dropped.push('dropped') };
    const session = model.open(peer);
    model.stop({ keeps: 'all' });
    expect(() => model.open(peer)).toThrow('ECONNREFUSED');
    expect([dropped, session.isServed, model.connections]).toEqual([['dropped'], false, 0]);
    model.start();
    expect(model.open(peer).isServed).toBe(true);
    expect(session.isServed).toBe(false);
  });

  it('grants an evicted key to the next, with a higher token', () => {
    acquire('key', 'ann');
    const before = model.holderOf('key')!;
    expect([model.evict('key'), model.evict('key')]).toEqual([true, false]);
    expect(model.holderOf('key')).toBeNull();
    expect(acquire('key', 'bob')).toBe('granted');
    expect(model.holderOf('key')!.token).toBeGreaterThan(before.token);
  });

  it('tells who holds a key, and that a key is kept or revoked', () => {
    const { lease, data } = model.keys.of('key');
    acquire('key', 'käthe');
    const { token } = model.holderOf('key')!;
    expect(model.holderOf('key')).toEqual({ owner: 'käthe', token, state: 'held' });
    model.evalsha(SCRIPTS.revoke.sha1, 1, [lease, `${token}`, '0']);
    expect(model.holderOf('key')).toEqual({ owner: 'käthe', token, state: 'revoked' });
    model.evalsha(SCRIPTS.release.sha1, 2, [lease, data, 'käthe', '', '60000', '', 'keep', '', '']);
    expect(model.holderOf('key')).toEqual({ token, state: 'kept' });
  });

  it('lives a lease through its last millisecond, and no longer', async () => {
    acquire('key', 'ann');
    await clock.advance(10_000);
    expect(model.holderOf('key')?.owner).toBe('ann');
    await clock.advance(1);
    expect(model.holderOf('key')).toBeNull();
  });

  function acquireAfterRestart(key: string, owner: string): void {
    model.loadScript(SCRIPTS.acquire.source);
    acquire(key, owner);
  }
});
