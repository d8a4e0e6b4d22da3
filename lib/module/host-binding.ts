import { Inject, Optional } from '@nestjs/common';
import { describeValue } from '../core/describe-value.js';
import { ManagerMissingError } from '../core/errors.js';
import type { SyncManager } from '../engine/sync-manager.js';
import { sharedState } from '../platform/shared-state.js';
import { isLockHost, liveHosts, LockHost } from './lock-host.js';
import { LOCK_HOST } from './tokens.js';

/** Property under which Nest hands the host to instances that it builds. */
const HOST_PROPERTY = Symbol.for('nestjs-distributed-lock:host');

interface Bindings {
  /** By `bindLocks`; the last call wins. */
  readonly explicit: WeakMap<object, LockHost>;
  /** By the explorer of each application, for instances that others have built. */
  readonly discovered: WeakMap<object, Set<LockHost>>;
}

function bindings(): Bindings {
  return sharedState('lock-host-bindings', () => ({ explicit: new WeakMap(), discovered: new WeakMap() }));
}

/**
 * Asks Nest to give instances of the class, and of its subclasses, their application's host. The injection is optional,
 * so that a missing module is reported by our own error, at the call.
 */
export function declareHostInjection(prototype: object): void {
  if (HOST_PROPERTY in prototype) return;
  Object.defineProperty(prototype, HOST_PROPERTY, {
    configurable: true,
    get: () => undefined,
    set(this: object, host: unknown) {
      if (isLockHost(host)) bindInjected(this, host);
    },
  });
  Optional()(prototype, HOST_PROPERTY);
  Inject(LOCK_HOST)(prototype, HOST_PROPERTY);
}

/** Kept on the instance, hidden from loops and logs, because a proxy around the instance must find it too. */
function bindInjected(instance: object, host: LockHost): void {
  const isFirst = !Object.hasOwn(instance, HOST_PROPERTY) && Object.isExtensible(instance);
  if (isFirst) Object.defineProperty(instance, HOST_PROPERTY, { value: host, writable: true });
  else bindDiscovered(instance, host);
}

/** Notes that an application has the instance among its providers or controllers. */
export function bindDiscovered(instance: object, host: LockHost): void {
  const { discovered } = bindings();
  const hosts = discovered.get(instance) ?? new Set();
  discovered.set(instance, hosts.add(host));
}

/**
 * Makes the decorated methods of one instance use `manager`, in place of any that an application would give it. For unit
 * tests, and for instances that you build yourself where several applications run in one process.
 *
 * @returns the instance
 * @example
 * const manager = new SyncManager({ store: memoryStore() });
 * const service = bindLocks(new PaymentService(fakeGateway), manager);
 * await service.pay('42');
 */
export function bindLocks<T extends object>(instance: T, manager: SyncManager): T {
  const host = new LockHost();
  host.fill(manager);
  bindings().explicit.set(instance, host);
  return instance;
}

/** A host whose manager exists. */
export type FilledHost = LockHost & { readonly manager: SyncManager };

/**
 * The host that guards a call: bound by hand, injected, of the application that has the instance as a provider, or the
 * only one in the process.
 *
 * @throws ManagerMissingError when there is none, or more than one
 */
export function findHost(instance: unknown, method: string): FilledHost {
  if (typeof instance !== 'object' || instance === null) {
    throw new ManagerMissingError(
      method,
      `It was called without its instance (this is ${describeValue(instance)}). Call it as a method, or bind it: () => service.method().`,
    );
  }
  const explicit = bindings().explicit.get(instance);
  if (explicit !== undefined) return filled(explicit, method);
  const known = hostsOf(instance);
  const open = known.filter(host => host.phase !== 'closed');
  if (open.length > 1) {
    throw new ManagerMissingError(
      method,
      `Its instance belongs to ${open.length} running applications, each with its own manager. ` +
        `Give each application an instance of its own, or choose with bindLocks(instance, manager).`,
    );
  }
  const own = open[0] ?? known[0];
  return own !== undefined ? filled(own, method) : onlyLiveHost(instance, method);
}

function hostsOf(instance: object): LockHost[] {
  const injected = (instance as Record<symbol, unknown>)[HOST_PROPERTY];
  const discovered = bindings().discovered.get(instance);
  if (!isLockHost(injected)) return discovered === undefined ? [] : [...discovered];
  return discovered === undefined ? [injected] : [...new Set([injected, ...discovered])];
}

function onlyLiveHost(instance: object, method: string): FilledHost {
  const live = [...liveHosts()];
  if (live.length === 1) return filled(live[0]!, method);
  // Modules loaded lazily have instances that no explorer has seen yet.
  const owners = live.filter(host => host.owns(instance));
  for (const host of owners) bindDiscovered(instance, host);
  if (owners.length > 0) return findHost(instance, method);
  throw new ManagerMissingError(
    method,
    live.length === 0
      ? `Import DistributedLockModule.forRoot(…) into the application, or call bindLocks(instance, manager) where there is none, as in unit tests.`
      : `${live.length} applications run in this process and none has built the instance. ` +
          `Make it a provider, or choose a manager with bindLocks(instance, manager).`,
  );
}

function filled(host: LockHost, method: string): FilledHost {
  if (host.manager !== undefined) return host as FilledHost;
  throw new ManagerMissingError(
    method,
    `The manager of its application does not exist yet: the method was called while providers are still being built. ` +
      `Call it from onModuleInit or later, not from a constructor or from the factory of the module's options.`,
  );
}
