import type { AcquireOptions, SyncManagerOptions, TimingOptions } from '../core/options.js';
import { OptionProblems, resolveAcquire, resolveDriftRate, resolveTiming } from '../core/options.js';
import { OptionsInvalidError } from '../core/errors.js';
import { assertKey } from '../core/keys.js';
import type { LeaseStore } from '../core/lease-store.js';
import type { DecoratedMethod } from './decorators/decorated-methods.js';
import type { DistributedLockModuleOptions, StoreConfig } from './module-options.js';
import { nearestName } from './nearest-name.js';

/** Options of the leadership lock, checked and complete. */
export interface ResolvedLeadership {
  readonly isCampaigning: boolean;
  readonly ttlMs: number;
  readonly service?: string;
  readonly key?: string;
}

/** Options of the module, checked and complete. */
export interface ResolvedModuleOptions {
  readonly store: StoreConfig | LeaseStore;
  readonly manager: Omit<SyncManagerOptions, 'store'>;
  readonly leadership: ResolvedLeadership | false;
  readonly shutdownTimeoutMs: number;
}

/** Who uses leadership, so that it can be said what needs `service`. */
export interface OptionsContext {
  readonly nodeEnv: string | undefined;
  readonly methods: Iterable<DecoratedMethod>;
  /** Names of classes with leadership hooks. */
  readonly hookClasses: readonly string[];
}

const DEFAULT_LEADERSHIP_TTL_MS = 10_000;
const DEFAULT_SHUTDOWN_TIMEOUT_MS = 10_000;
const TIMING_NAMES = ['ttl', 'renewEvery', 'wait', 'pollEvery', 'expiringAfter', 'commandTimeout'] as const;
const LEADERSHIP_NAMES = ['campaign', 'ttl', 'key'];
const NAMES = [...TIMING_NAMES, 'store', 'service', 'url', 'driftRate', 'leadership', 'shutdownTimeout'];

/**
 * Checks everything that can be checked before the store is made.
 * @param problems takes what is wrong; the result is only of use while it stays empty
 */
export function resolveModuleOptions(
  options: DistributedLockModuleOptions,
  context: OptionsContext,
  problems: OptionProblems,
): ResolvedModuleOptions {
  reportUnknownNames(options, NAMES, '', problems);
  const driftRate = resolveDriftRate(options.driftRate, problems);
  const timing: TimingOptions = {};
  for (const name of TIMING_NAMES) Object.assign(timing, { [name]: options[name] });
  resolveTiming(timing, driftRate, problems);
  reportNonText('service', options.service, 'orders', problems);
  reportNonText('url', options.url, 'http://10.0.0.7:3000', problems);
  checkStoreChoice(options.store, context.nodeEnv, problems);
  const leadership = resolveLeadership(options, context, problems);
  checkMethods(context.methods, timing, driftRate, problems);
  return {
    store: options.store,
    manager: { ...timing, service: options.service, url: options.url, driftRate },
    leadership,
    shutdownTimeoutMs: problems.duration(
      'shutdownTimeout',
      options.shutdownTimeout,
      DEFAULT_SHUTDOWN_TIMEOUT_MS,
      0,
      3_600_000,
    ),
  };
}

function checkStoreChoice(store: unknown, nodeEnv: string | undefined, problems: OptionProblems): void {
  if (typeof store !== 'object' || store === null) {
    const advice = "try { type: 'redis', url: 'redis://localhost:6379' }, or { type: 'memory' } for development";
    problems.add(`store (${String(store)}) must say where leases are kept; ${advice}`);
    return;
  }
  const isMemory = 'type' in store ? store.type === 'memory' : 'name' in store && store.name === 'memory';
  const isSingleProcess = 'singleProcess' in store && store.singleProcess === true;
  if (isMemory && !isSingleProcess && nodeEnv === 'production') {
    problems.add(
      "store ('memory') excludes nobody in another process, and NODE_ENV is 'production'; " +
        "use { type: 'redis', … }, or { type: 'memory', singleProcess: true } if the service runs as one process",
    );
  }
}

function resolveLeadership(
  options: DistributedLockModuleOptions,
  context: OptionsContext,
  problems: OptionProblems,
): ResolvedLeadership | false {
  const { leadership, service } = options;
  if (leadership === false) return false;
  if (leadership !== undefined && (typeof leadership !== 'object' || leadership === null)) {
    problems.add(`leadership (${String(leadership)}) must be an object or false; try { ttl: '10s' }`);
    return false;
  }
  if (service === undefined && leadership?.key === undefined) {
    reportMissingService(leadership !== undefined, context, problems);
    return false;
  }
  reportUnknownNames(leadership ?? {}, LEADERSHIP_NAMES, 'leadership.', problems);
  const { campaign = true, key } = leadership ?? {};
  if (typeof campaign !== 'boolean') {
    problems.add(`leadership.campaign (${String(campaign)}) must be true or false; leave it out to stand for leader`);
  }
  if (key !== undefined) collect(problems, 'leadership.', () => assertKey(key));
  const ttlMs = problems.duration(
    'leadership.ttl',
    leadership?.ttl,
    DEFAULT_LEADERSHIP_TTL_MS,
    50,
    30 * 86_400_000,
  );
  return { isCampaigning: campaign, ttlMs, service, key };
}

function reportMissingService(isAsked: boolean, context: OptionsContext, problems: OptionProblems): void {
  const users = [...context.methods]
    .filter(method => method.decorator === 'LeaderOnly')
    .map(method => method.label)
    .concat(context.hookClasses);
  if (!isAsked && users.length === 0) return;
  const who = users.length === 0 ? 'leadership' : `leadership, used by ${users.slice(0, 3).join(', ')}`;
  problems.add(
    `service (undefined) must name the service for ${who}; try 'orders', the same for all replicas, or leadership: false`,
  );
}

function checkMethods(
  methods: Iterable<DecoratedMethod>,
  timing: TimingOptions,
  driftRate: number,
  problems: OptionProblems,
): void {
  for (const method of methods) {
    if (method.decorator !== 'WithLock') continue;
    const own: AcquireOptions = method.options;
    collect(problems, `@WithLock() on ${method.label}: `, () => resolveAcquire(own, timing, driftRate));
  }
}

/** Adds what `check` finds wrong, once each: timing that is inherited from the module was reported before. */
function collect(problems: OptionProblems, prefix: string, check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof OptionsInvalidError)) throw error;
    for (const problem of error.problems) problems.add(prefix + problem);
  }
}

function reportNonText(name: string, value: unknown, example: string, problems: OptionProblems): void {
  if (value === undefined || (typeof value === 'string' && value !== '')) return;
  problems.add(`${name} (${JSON.stringify(value)}) must be non-empty text; try '${example}'`);
}

function reportUnknownNames(
  options: object,
  known: readonly string[],
  prefix: string,
  problems: OptionProblems,
): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, known);
    const remedy = nearest === undefined ? 'remove it' : `did you mean ${prefix}${nearest}?`;
    problems.add(`${prefix}${name} is not an option; ${remedy}`);
  }
}
