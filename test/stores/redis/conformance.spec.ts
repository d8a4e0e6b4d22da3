import { afterAll, beforeAll, describe } from '@jest/globals';
import { readFileSync } from 'node:fs';
import {
  defaultRedisServer,
  startRedisCluster,
  startRedisServer,
  type RedisCluster,
  type RedisServer,
} from '../../support/redis-server.js';
import { harness, suite } from './conformance-harness.js';

/** The commands of docs/redis.md, so that what is documented is what is tested. */
function documentedAcl(): string[] {
  const page = readFileSync('docs/redis.md', 'utf8');
  const command = /ACL SETUSER [\s\S]*?(?=\n```)/.exec(page)?.[0] ?? '';
  return command.replace(/\\\n/g, ' ').trim().split(/\s+/);
}

describe('Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await defaultRedisServer();
  });
  afterAll(() => server.stop());

  suite(
    'standalone',
    harness(
      () => ({ url: server.url }),
      (key, value) => server.command('SET', key, value),
    ),
  );
});

describe('Redis with the documented ACL', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedisServer();
    const reply = await server.command(...documentedAcl());
    if (reply !== 'OK') throw new Error(reply);
  });
  afterAll(() => server.stop());

  suite(
    'standalone, as the user of docs/redis.md',
    harness(
      () => ({ url: server.url.replace('redis://', 'redis://locks:secret@') }),
      (key, value) => server.command('SET', key, value),
    ),
  );
});

describe('Redis Cluster', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
    for (const server of cluster.servers) await server.command(...documentedAcl());
  }, 60_000);
  afterAll(() => cluster.stop());

  suite(
    'three masters, as the user of docs/redis.md',
    harness(
      () => ({
        cluster: {
          nodes: cluster.nodes,
          options: { redisOptions: { username: 'locks', password: 'secret' } },
        },
      }),
      async (key, value) => {
        for (const server of cluster.servers) {
          if ((await server.command('SET', key, value)) === 'OK') return;
        }
      },
    ),
  );
});
