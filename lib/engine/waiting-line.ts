/** Somebody in a {@link WaitingLine}. Its links are kept by the line. */
export interface InLine<T> {
  before: T | null;
  behind: T | null;
}

/** First in, first out; leaving from the middle is as cheap as from either end. */
export class WaitingLine<T extends InLine<T>> {
  first: T | null = null;
  private last: T | null = null;
  private count = 0;

  get size(): number {
    return this.count;
  }

  join(newcomer: T): void {
    newcomer.before = this.last;
    if (this.last === null) this.first = newcomer;
    else this.last.behind = newcomer;
    this.last = newcomer;
    this.count++;
  }

  /** @returns whether he was in it */
  leave(member: T): boolean {
    const { before, behind } = member;
    if (before === null && this.first !== member) return false;
    if (before === null) this.first = behind;
    else before.behind = behind;
    if (behind === null) this.last = before;
    else behind.before = before;
    member.before = member.behind = null;
    this.count--;
    return true;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let member = this.first; member !== null; member = member.behind) yield member;
  }
}
