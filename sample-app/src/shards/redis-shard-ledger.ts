import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { StaleTokenError } from '../orders/order-repository.js';
import { ShardLedger, type Service, type ShardAccount } from './shard-ledger.js';

const KEYS = ['shop:shards:fence', 'shop:shards:counts', 'shop:shards:from', 'shop:shards:to'] as const;
const [, COUNTS, FROM, TO] = KEYS;

/** Redis runs a script as one step, so nothing gets between the check and the write. */
const WRITE = `
  local fence, counts, from, to = unpack(KEYS)
  local shard, token, by, at = unpack(ARGV)
  local newest = redis.call('HGET', fence, shard)
  if newest and tonumber(token) < tonumber(newest) then
    redis.call('HINCRBY', counts, 'rejected', 1)
    return redis.error_reply('STALE token')
  end
  redis.call('HSET', fence, shard, token)
  redis.call('HINCRBY', counts, 'accepted', 1)
  local tenure = shard .. ' ' .. token .. ' ' .. by
  redis.call('HSETNX', from, tenure, at)
  redis.call('HSET', to, tenure, at)
`;

/** A ledger in Redis, shared by all replicas. */
export class RedisShardLedger extends ShardLedger implements OnApplicationShutdown {
  private readonly logger = new Logger(RedisShardLedger.name);
  private readonly redis: Redis;

  constructor(url: string) {
    super();
    this.redis = new Redis(url, { commandTimeout: 2000 });
    this.redis.on('error', (error: Error) => this.logger.warn(error.message));
  }

  async write({ shard, token, by, at }: Service): Promise<void> {
    try {
      await this.redis.eval(WRITE, KEYS.length, ...KEYS, shard, token, by, at);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('STALE '))
        throw new StaleTokenError(`shard ${shard}`, token);
      throw error;
    }
  }

  async account(): Promise<ShardAccount> {
    const [counts, from, to] = await Promise.all([COUNTS, FROM, TO].map(key => this.redis.hgetall(key)));
    const { accepted = 0, rejected = 0 } = counts!;
    const tenures = Object.keys(from!).map(id => {
      const [shard, token, by] = id.split(' ').map(Number) as [number, number, number];
      return { shard, token, by, from: Number(from![id]), to: Number(to![id]) };
    });
    return { accepted: Number(accepted), rejected: Number(rejected), tenures };
  }

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }
}
