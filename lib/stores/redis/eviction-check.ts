import { OptionsInvalidError, StoreRejectedError } from '../../core/errors.js';
import type { LockLogger } from '../../core/ports.js';
import { mastersOf, type RedisClient } from './redis-client.js';
import { isReply } from './redis-errors.js';
import { infoField } from './server-info.js';

/**
 * Finds out whether Redis may evict leases: it may when `maxmemory` is set and the policy is not `noeviction`. An evicted
 * lease is granted to the next contender although its holder is alive.
 */
export class EvictionCheck {
  private problem: string | undefined;

  constructor(
    private readonly isAllowed: boolean,
    private readonly logger: LockLogger,
  ) {}

  /**
   * Asks every master. A server that does not answer, or does not let itself be asked, changes nothing.
   * @throws OptionsInvalidError when leases may be evicted and that is not allowed
   */
  async run(client: RedisClient): Promise<void> {
    const policies = await Promise.all(mastersOf(client).map(master => this.evictingPolicy(master)));
    const policy = policies.find(each => each !== undefined);
    if (policy === undefined) {
      if (policies.length > 0) this.problem = undefined;
      return;
    }
    const fact = `maxmemory-policy of Redis (${policy}) lets it evict leases, which would then be granted twice`;
    if (this.isAllowed) {
      this.logger.warn(`${fact}; allowed by allowEviction.`);
      return;
    }
    this.problem = `${fact}; set 'maxmemory-policy noeviction', use a Redis without maxmemory, or accept it with allowEviction: true`;
    throw new OptionsInvalidError([this.problem]);
  }

  /** @throws StoreRejectedError, not retryable, when the last check found that leases may be evicted */
  assertUsable(): void {
    if (this.problem !== undefined) throw new StoreRejectedError(`${this.problem}.`, { retryable: false });
  }

  private async evictingPolicy(master: RedisClient): Promise<string | undefined> {
    let info: string;
    try {
      info = await master.info('memory');
    } catch (error) {
      if (isReply(error)) {
        this.logger.warn(
          `Redis does not tell its eviction policy (${error.message}); see to it that it is noeviction, or grant +info.`,
        );
      }
      return undefined;
    }
    const policy = infoField(info, 'maxmemory_policy');
    const isLimited = (infoField(info, 'maxmemory') ?? '0') !== '0';
    return isLimited && policy !== undefined && policy !== 'noeviction' ? policy : undefined;
  }
}
