import type { SharedLock } from './shared-lock.js';

/** The one `Lock` of each key. A released lock is forgotten, so that a long-lived process collects none. */
export class LockRegistry {
  private readonly locks = new Map<string, SharedLock>();

  find(key: string): SharedLock | undefined {
    return this.locks.get(key);
  }

  /** @returns the lock that stands for the key: the one that is entered already, or `lock`, entered now */
  claim(lock: SharedLock): SharedLock {
    const standing = this.locks.get(lock.key) ?? lock;
    this.locks.set(lock.key, standing);
    return standing;
  }

  /** Forgets `lock`, unless another has taken its place. */
  drop(lock: SharedLock): void {
    if (this.locks.get(lock.key) === lock) this.locks.delete(lock.key);
  }

  /** Lets none be acquired any more. */
  stopAll(): void {
    for (const lock of this.locks.values()) lock.stop();
  }

  /** Ends all campaigns and releases what they hold. Never rejects. */
  async releaseAll(): Promise<void> {
    await Promise.all([...this.locks.values()].map(lock => lock.release()));
  }
}
