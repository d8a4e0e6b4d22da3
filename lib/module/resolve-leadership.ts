import { DEFAULT_LEADERSHIP_TTL_MS } from '../core/defaults.js';
import { describeValue } from '../core/describe-value.js';
import { assertKey } from '../core/keys.js';
import type { OptionProblems, StoreLimits } from '../core/option-problems.js';
import type { DistributedLockModuleOptions } from './module-options.js';
import { collectProblems } from './option-checks.js';

/** Options of the leadership lock, checked and complete. */
export interface ResolvedLeadership {
  readonly isCampaigning: boolean;
  readonly ttlMs: number;
  readonly service?: string;
  readonly key?: string;
}

const NAMES = ['campaign', 'ttl', 'key'];

/**
 * @param users what in the application needs leadership: leader-only methods and classes with leadership hooks
 * @param store whose longest TTL is that of the leadership, too
 * @param problems takes what is wrong
 * @returns `false` where leadership is off: asked for, or because there is no `service` and nobody needs it
 */
export function resolveLeadership(
  options: DistributedLockModuleOptions,
  users: readonly string[],
  store: StoreLimits,
  problems: OptionProblems,
): ResolvedLeadership | false {
  const { leadership, service } = options;
  if (leadership === false) return false;
  if (leadership === undefined && service === undefined && users.length === 0) return false;
  if (leadership !== undefined && (typeof leadership !== 'object' || leadership === null)) {
    problems.add(`leadership (${describeValue(leadership)}) must be an object or false; try { ttl: '10s' }`);
    return false;
  }
  problems.names(leadership ?? {}, NAMES, 'leadership.');
  const { campaign = true, key } = leadership ?? {};
  if (typeof campaign !== 'boolean') {
    problems.add(
      `leadership.campaign (${describeValue(campaign)}) must be true or false; leave it out to stand for leader`,
    );
  }
  if (key !== undefined) collectProblems(problems, 'leadership.', () => assertKey(key));
  const ttlMs = problems.ttl('leadership.ttl', leadership?.ttl, DEFAULT_LEADERSHIP_TTL_MS, store);
  if (service !== undefined || key !== undefined) return { isCampaigning: campaign, ttlMs, service, key };
  const usedBy =
    users.length === 0 ? '' : ` that ${users.slice(0, 3).join(', ')} ${users.length > 1 ? 'need' : 'needs'}`;
  problems.add(
    `service (undefined) must name the service for the leadership${usedBy}; try 'orders', the same for all replicas, or leadership: false`,
  );
  return false;
}
