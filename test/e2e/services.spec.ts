import { describe, expect, it } from '@jest/globals';
import { idleTimes, servicesIn, violations } from './services.js';

const A = ['joined 1', 'began 3 10 100', 'began 4 20 100', 'ended 3 10 200 LOCK_RELEASED'];

describe('what processes print of the shards that they serve', () => {
  it('tells who served which, until it ended or the process died', () => {
    const [ended, open] = servicesIn(A, 1, undefined);
    expect(ended).toEqual({ pid: 1, shard: 3, token: 10, from: 100, to: 200, isKilled: false });
    expect(open).toMatchObject({ shard: 4, to: Infinity, isKilled: false });
    expect(servicesIn(A, 1, 300)[1]).toMatchObject({ shard: 4, to: 300, isKilled: true });
  });

  it('shows a shard that two serve, and a token that does not grow', () => {
    const first = servicesIn(A, 1, undefined);
    expect(violations([...first, ...servicesIn(['began 3 11 201'], 2, undefined)])).toEqual([]);
    expect(violations([...first, ...servicesIn(['began 3 11 199'], 2, undefined)])).toEqual([
      'shard 3, token 10 then 11: served by two for 1.0 ms',
    ]);
    expect(violations([...first, ...servicesIn(['began 4 21 500'], 2, undefined)])).toHaveLength(1);
    expect(violations([...first, ...servicesIn(['began 3 10 201'], 2, undefined)])).toEqual([
      'shard 3, token 10 then 10: not newer',
    ]);
  });

  it('shows for how long shards were idle that were handed over, and not those of the dead', () => {
    const next = servicesIn(['began 3 11 230', 'began 4 21 900'], 2, undefined);
    expect(idleTimes([...servicesIn(A, 1, 300), ...next])).toEqual([30]);
  });
});
