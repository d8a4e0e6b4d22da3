import type { SyncManager } from '../engine/sync-manager.js';
import { sharedState } from '../platform/shared-state.js';

const BRAND = Symbol.for('nestjs-distributed-lock:lock-host-brand');

/** Life of an application's locks: waiting for its manager, at work, shutting down, over. */
export type HostPhase = 'starting' | 'running' | 'stopping' | 'closed';

/** Whether an application knows an instance that Nest did not build itself, such as that of a `useFactory` provider. */
export type InstanceClaim = (instance: object) => boolean;

/**
 * Where the instances of decorated classes find their application's manager.
 *
 * It has no dependencies, and the manager's own factory fills it: were decorated classes given the manager itself, an
 * options factory that injects one of them would wait for itself.
 */
export class LockHost {
  readonly [BRAND] = true;
  private current: HostPhase = 'starting';
  private ownManager: SyncManager | undefined;
  private claims: InstanceClaim = () => false;

  /** Gives the host its manager. */
  fill(manager: SyncManager): void {
    this.ownManager = manager;
    this.current = 'running';
  }

  /** Makes the host known to this process, for instances to which nobody has handed it. */
  publish(claims: InstanceClaim): void {
    this.claims = claims;
    liveHosts().add(this);
  }

  get phase(): HostPhase {
    return this.current;
  }

  /** From `onModuleDestroy` on: leader-only calls and those with `ifHeld: 'skip'` do not run any more. */
  get isShuttingDown(): boolean {
    return this.current === 'stopping' || this.current === 'closed';
  }

  /** `undefined` until the manager exists; from then on always, closed or not. */
  get manager(): SyncManager | undefined {
    return this.ownManager;
  }

  /** Whether the instance is a provider or controller of this host's application. */
  owns(instance: object): boolean {
    return this.claims(instance);
  }

  /** Shutdown has begun. */
  stop(): void {
    if (this.current === 'running') this.current = 'stopping';
  }

  /** The manager is closed; instances of this application are still told so. */
  close(): void {
    this.current = 'closed';
    liveHosts().delete(this);
  }
}

/** Whether `value` is a host, of whichever copy of this package. */
export function isLockHost(value: unknown): value is LockHost {
  return typeof value === 'object' && value !== null && BRAND in value;
}

/** Hosts of the running applications of this process. */
export function liveHosts(): Set<LockHost> {
  return sharedState('live-lock-hosts', () => new Set<LockHost>());
}
