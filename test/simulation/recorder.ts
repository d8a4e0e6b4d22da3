import { createHash } from 'node:crypto';

/** What happened in a run, in order: as a fingerprint, and where asked for as text. */
export class Recorder {
  readonly lines: string[] = [];
  private readonly hash = createHash('sha1');

  constructor(
    private readonly nowMs: () => number,
    private readonly keepsLines: boolean,
  ) {}

  tell(who: string, what: string): void {
    const line = `${this.nowMs().toFixed(3)} ${who} ${what}`;
    this.hash.update(line);
    if (this.keepsLines) this.lines.push(line);
  }

  /** Of all that was told so far; two runs that did the same have the same. Call it once. */
  fingerprint(): string {
    return this.hash.digest('hex').slice(0, 16);
  }
}
