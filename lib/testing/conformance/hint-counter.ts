import assert from 'node:assert/strict';
import type { LeaseStore } from '../../core/lease-store.js';
import type { Probe } from './probe.js';

/** Counts hints, and waits for them. */
export class HintCounter {
  count = 0;
  private readonly controller = new AbortController();

  constructor(
    private readonly probe: Probe,
    key: string,
    store: LeaseStore = probe.store,
  ) {
    store.whenFreed!(key, () => void (this.count += 1), this.controller.signal);
  }

  /** Waits until more than `count` hints have come, for at most 20 units. */
  async more(than: number, why: string): Promise<void> {
    for (let i = 0; i < 200 && this.count <= than; i++) await this.probe.units(0.1);
    assert.ok(this.count > than, why);
  }

  stop(): void {
    this.controller.abort();
  }
}

/** Subscribes, waits for the first hint, and unsubscribes after `use`. */
export async function withHints(
  probe: Probe,
  key: string,
  store: LeaseStore,
  use: (hints: HintCounter) => Promise<void>,
): Promise<void> {
  const hints = new HintCounter(probe, key, store);
  try {
    await hints.more(0, 'no hint came right after subscribing');
    await use(hints);
  } finally {
    hints.stop();
  }
}
