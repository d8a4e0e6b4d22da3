import { assertKey } from '../core/keys.js';
import type { OptionProblems } from '../core/options.js';
import type { DistributedLockModuleOptions } from './module-options.js';
import { checkNames, collectProblems } from './option-checks.js';

/** Options of the leadership lock, checked and complete. */
export interface ResolvedLeadership {
  readonly isCampaigning: boolean;
  readonly ttlMs: number;
  readonly service?: string;
  readonly key?: string;
}

const DEFAULT_TTL_MS = 10_000;
const NAMES = ['campaign', 'ttl', 'key'];

/**
 * @param users what in the application needs leadership: leader-only methods and classes with leadership hooks
 * @param problems takes what is wrong
 * @returns `false` where leadership is off: asked for, or because there is no `service` and nobody needs it
 */
export function resolveLeadership(
  options: DistributedLockModuleOptions,
  users: readonly string[],
  problems: OptionProblems,
): ResolvedLeadership | false {
  const { leadership, service } = options;
  if (leadership === false) return false;
  if (leadership !== undefined && (typeof leadership !== 'object' || leadership === null)) {
    problems.add(`leadership (${String(leadership)}) must be an object or false; try { ttl: '10s' }`);
    return false;
  }
  checkNames(leadership ?? {}, NAMES, 'leadership.', problems);
  const { campaign = true, key } = leadership ?? {};
  if (typeof campaign !== 'boolean') {
    problems.add(
      `leadership.campaign (${String(campaign)}) must be true or false; leave it out to stand for leader`,
    );
  }
  if (key !== undefined) collectProblems(problems, 'leadership.', () => assertKey(key));
  const ttlMs = problems.duration('leadership.ttl', leadership?.ttl, DEFAULT_TTL_MS, 50, 30 * 86_400_000);
  if (service !== undefined || key !== undefined) return { isCampaigning: campaign, ttlMs, service, key };
  if (leadership !== undefined || users.length > 0) {
    const usedBy =
      users.length === 0
        ? ''
        : ` that ${users.slice(0, 3).join(', ')} ${users.length > 1 ? 'need' : 'needs'}`;
    problems.add(
      `service (undefined) must name the service for the leadership${usedBy}; try 'orders', the same for all replicas, or leadership: false`,
    );
  }
  return false;
}
