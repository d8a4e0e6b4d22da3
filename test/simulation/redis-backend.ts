import type { LeaseStore } from '../../lib/core/lease-store.js';
import type { VirtualClock } from '../../lib/testing/index.js';
import type { Backend, ClientParts, Holding, Survives } from './backend.js';
import type { Plan } from './plan.js';
import { RedisModel } from './redis/redis-model.js';
import { ReplyError } from './redis/redis-reply.js';
import { simulatedRedisStore } from './redis/simulated-redis-store.js';

/** An AOF that is written once a second misses as much as that. */
const AOF_LAG_MS = 1000;

/** One Redis with the real scripts, and the production store with its own clients. */
export class RedisBackend implements Backend {
  private readonly server: RedisModel;

  constructor(
    private readonly clock: VirtualClock,
    private readonly plan: Pick<Plan, 'restartGuard' | 'maxTtlMs'>,
  ) {
    this.server = new RedisModel({ clock, uptimeMs: 86_400_000 });
  }

  connect(parts: ClientParts): LeaseStore {
    const { restartGuard, maxTtlMs } = this.plan;
    return simulatedRedisStore({ server: this.server, ...parts, restartGuard, maxTtlMs });
  }

  holding(key: string): Holding | null {
    const held = this.server.holderOf(key);
    return held === null ? null : { owner: held.owner, fencingToken: held.token };
  }

  refusal(): Error {
    return new ReplyError('LOADING Redis is loading the dataset in memory');
  }

  brokenOff(): Error {
    return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  }

  stop(survives: Survives): () => void {
    this.server.stop({ keeps: survives === 'stale' ? { olderThanMs: AOF_LAG_MS } : survives });
    return () => this.server.start();
  }

  evict(key: string): void {
    this.server.evict(key);
  }

  jump(ms: number): void {
    this.clock.jumpWall(ms);
  }
}
