import type { CallOptions } from '../core/lease-store.js';

/** A command that is waited for, perhaps by many. Its abort signal is made when a store asks for it. */
export class PendingCall implements CallOptions {
  private controller: AbortController | null = null;
  private abortListeners: (() => void)[] | null = null;
  private reason: Error | null = null;

  constructor(
    readonly timeoutMs: number,
    private listeners = 1,
  ) {}

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.isAborted) this.controller.abort(this.reason);
    return this.controller.signal;
  }

  get isAborted(): boolean {
    return this.listeners === 0 && this.reason !== null;
  }

  onAbort(listener: () => void): void {
    (this.abortListeners ??= []).push(listener);
  }

  /** One listener has its answer (`null`), or gives up for `reason`. Aborts once none is left but some gave up. */
  leave(reason: Error | null): void {
    this.listeners--;
    this.reason ??= reason;
    if (!this.isAborted) return;
    this.controller?.abort(this.reason);
    for (const listener of this.abortListeners ?? []) guarded(listener);
  }
}

/** What a store does at an abort harms nobody who waits. */
function guarded(listener: () => void): void {
  try {
    listener();
  } catch {
    // It has no way to be told.
  }
}
