import { DEFAULT_SHUTDOWN_TIMEOUT_MS } from '../core/defaults.js';
import { describeValue } from '../core/describe-value.js';
import type { LeaseStore } from '../core/lease-store.js';
import { DEFAULT_DRIFT_RATE } from '../core/lease-timing.js';
import { OptionProblems } from '../core/option-problems.js';
import type { AcquireDefaults, SyncManagerOptions, TimingOptions } from '../core/options.js';
import { resolveAcquire, resolveManager, STORE_METHODS } from '../core/options.js';
import { createStore } from './create-store.js';
import type { DecoratedMethod } from './decorators/decorated-methods.js';
import type { LockEnvironment } from './lock-environment.js';
import type { DistributedLockModuleOptions } from './module-options.js';
import { collectProblems } from './option-checks.js';
import type { ResolvedLeadership } from './resolve-leadership.js';
import { resolveLeadership } from './resolve-leadership.js';

/** Options of the module, checked and complete. */
export interface ResolvedModuleOptions {
  readonly manager: SyncManagerOptions;
  readonly leadership: ResolvedLeadership | false;
  readonly shutdownTimeoutMs: number;
}

/** What the options must suit. */
export interface OptionsContext {
  readonly environment: LockEnvironment;
  readonly methods: Iterable<DecoratedMethod>;
  /** Names of classes with leadership hooks. */
  readonly hookClasses: readonly string[];
}

const TIMING_NAMES = ['ttl', 'renewEvery', 'wait', 'pollEvery', 'expiringAfter', 'commandTimeout'] as const;
const NAMES = [...TIMING_NAMES, 'store', 'service', 'url', 'driftRate', 'leadership', 'shutdownTimeout'];

/** Stands in for a store that could not be made, so that the other options are checked all the same. */
const UNMADE = Object.fromEntries(
  STORE_METHODS.map(name => [name, () => undefined]),
) as unknown as LeaseStore;

/**
 * Checks all options together, with those of the application's decorated methods, and makes the store.
 * @throws OptionsInvalidError naming everything that is wrong
 */
export async function resolveModuleOptions(
  options: DistributedLockModuleOptions,
  context: OptionsContext,
): Promise<ResolvedModuleOptions> {
  const problems = new OptionProblems();
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) {
    problems.add(`options (${describeValue(given)}) must be an object; return the options from the factory`);
    problems.throwIfAny();
  }
  problems.names(options, NAMES);
  const store = (await createStore(options.store, context.environment, problems)) ?? UNMADE;
  const timing: TimingOptions = Object.fromEntries(TIMING_NAMES.map(name => [name, options[name]]));
  const { service, url, driftRate } = options;
  const managerOptions = { store, service, url, driftRate, ...timing };
  const manager = collectProblems(problems, '', () => resolveManager(managerOptions));
  const methods = [...context.methods];
  checkMethods(methods, manager ?? { store, driftRate: DEFAULT_DRIFT_RATE, timing: {} }, problems);
  const leaderOnly = methods.filter(method => method.decorator === 'LeaderOnly').map(method => method.label);
  const leadership = resolveLeadership(
    options,
    [...new Set([...leaderOnly, ...context.hookClasses])],
    store,
    problems,
  );
  const shutdownTimeoutMs = problems.duration(
    'shutdownTimeout',
    options.shutdownTimeout,
    DEFAULT_SHUTDOWN_TIMEOUT_MS,
    0,
    3_600_000,
  );
  problems.throwIfAny();
  return { manager: managerOptions, leadership, shutdownTimeoutMs };
}

function checkMethods(
  methods: readonly DecoratedMethod[],
  defaults: AcquireDefaults,
  problems: OptionProblems,
): void {
  for (const method of methods) {
    if (method.decorator === 'LeaderOnly') continue;
    collectProblems(problems, `@${method.decorator}() on ${method.label}: `, () =>
      resolveAcquire(method.options, defaults),
    );
  }
}
