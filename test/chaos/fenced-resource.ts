/** What a fenced resource answers. */
export interface FenceAnswer {
  readonly accepted: boolean;
  /** The counter after the access; where it was refused, as it stands. */
  readonly value: number;
}

/** Counters behind a fence: every access shows a token, and one lower than the highest seen for its key is refused. */
export class FencedResource {
  private readonly highest = new Map<string, number>();
  private readonly counters = new Map<string, number>();

  read(key: string, token: number): FenceAnswer {
    const accepted = this.passes(key, token);
    return { accepted, value: this.valueOf(key) };
  }

  write(key: string, token: number, value: number): FenceAnswer {
    const accepted = this.passes(key, token);
    if (accepted) this.counters.set(key, value);
    return { accepted, value: this.valueOf(key) };
  }

  /** The counter of a key, past the fence. */
  valueOf(key: string): number {
    return this.counters.get(key) ?? 0;
  }

  private passes(key: string, token: number): boolean {
    const highest = this.highest.get(key) ?? 0;
    if (token < highest) return false;
    this.highest.set(key, token);
    return true;
  }
}
