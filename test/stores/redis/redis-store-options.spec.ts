import { describe, expect, it } from '@jest/globals';
import { redisStore } from '../../../lib/stores/redis/index.js';
import { silent } from '../../support/fixtures.js';

function problemsOf(options: object): string {
  try {
    redisStore({ logger: silent, ...options });
  } catch (error) {
    expect(error).toMatchObject({ code: 'LOCK_OPTIONS_INVALID' });
    return (error as Error).message;
  }
  throw new Error('nothing was wrong');
}

describe('Options of the Redis store', () => {
  it.each([
    [{}, 'url (undefined)'],
    [{ url: 'http://host' }, 'http://host'],
    [{ url: 'localhost:6379' }, 'localhost:6379'],
    [{ url: 5 }, 'url (5)'],
    [{ url: 'redis://a', cluster: { nodes: [{}] } }, 'url and cluster'],
    [{ cluster: { nodes: [] } }, 'cluster.nodes'],
    [{ client: {} }, 'client must be'],
    [{ url: 'redis://a', closeClient: true }, 'closeClient (true)'],
    [{ url: 'redis://a', prefix: 'a{b' }, "prefix ('a{b')"],
    [{ url: 'redis://a', prefix: '' }, "prefix ('')"],
    [{ url: 'redis://a', maxTtl: 'soon' }, "maxTtl ('soon')"],
    [{ url: 'redis://a', maxTtl: '31d' }, "maxTtl ('31d')"],
    [{ url: 'redis://a', restartGuard: 'yes' }, "restartGuard ('yes')"],
    [{ url: 'redis://a?keyPrefix=app' }, 'keyPrefix; give it in options'],
    [{ url: 'redis://a?enableOfflineQueue=true' }, 'enableOfflineQueue; remove it'],
    [{ url: 'redis://a', maxTTL: 5 }, 'maxTTL is not an option'],
  ])('refuses %j', (options, words) => {
    expect(problemsOf(options)).toContain(words);
  });

  it('names everything that is wrong in one error', () => {
    expect(problemsOf({ prefix: '', maxTtl: -1 })).toMatch(/url[\s\S]*prefix[\s\S]*maxTtl/);
  });

  it.each(['http://user:hush@host', 'redis//user:hush@host', ':hush@', 'http://host?password=hush'])(
    'never tells a password (%s)',
    url => {
      expect(problemsOf({ url })).not.toContain('hush');
    },
  );
});
