import type { EventHub } from '../core/events.js';

/** How a lease reaches its holder: abort signal, warning, end. Each is made when somebody asks for it: most leases end unheard. */
export class LeaseSignals {
  private controller: AbortController | null = null;
  private reason: (() => Error) | null = null;
  private expiringListeners: Set<(remainingMs: number) => void> | null = null;
  private overListeners: (() => void)[] | null = null;

  constructor(private readonly events: EventHub) {}

  get signal(): AbortSignal {
    if (this.controller === null) {
      this.controller = new AbortController();
      if (this.reason !== null) this.controller.abort(this.reason());
    }
    return this.controller.signal;
  }

  onExpiring(listener: (remainingMs: number) => void): () => void {
    const entry = (remainingMs: number): void => listener(remainingMs);
    (this.expiringListeners ??= new Set()).add(entry);
    return () => void this.expiringListeners?.delete(entry);
  }

  onOver(listener: () => void): void {
    (this.overListeners ??= []).push(listener);
  }

  /** The holder must stop. */
  abort(reason: () => Error): void {
    this.reason = reason;
    this.controller?.abort(reason());
  }

  warn(remainingMs: number): void {
    for (const listener of [...(this.expiringListeners ?? [])])
      this.events.guard('expiring', () => listener(remainingMs));
  }

  /** Nothing will be said any more. */
  over(): void {
    this.expiringListeners = null;
    const listeners = this.overListeners;
    this.overListeners = null;
    for (const listener of listeners ?? []) listener();
  }
}
