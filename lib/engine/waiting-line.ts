/** Somebody in a {@link WaitingLine}. Its links are kept by the line. */
export interface InLine<T> {
  before: T | null;
  behind: T | null;
}

/**
 * First in, first out; leaving from the middle is as cheap as from either end. Not a `Set`, whose first entry is the dearer to
 * find the more have left before it, and which each key would pay for though nobody waits.
 */
export class WaitingLine<T extends InLine<T>> {
  private head: T | null = null;
  private last: T | null = null;
  private count = 0;

  get size(): number {
    return this.count;
  }

  get first(): T | null {
    return this.head;
  }

  join(newcomer: T): void {
    newcomer.before = this.last;
    if (this.last === null) this.head = newcomer;
    else this.last.behind = newcomer;
    this.last = newcomer;
    this.count++;
  }

  /** @returns whether he was in it */
  leave(member: T): boolean {
    const { before, behind } = member;
    if (before === null && this.head !== member) return false;
    if (before === null) this.head = behind;
    else before.behind = behind;
    if (behind === null) this.last = before;
    else behind.before = before;
    member.before = member.behind = null;
    this.count--;
    return true;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let member = this.head; member !== null; member = member.behind) yield member;
  }
}
