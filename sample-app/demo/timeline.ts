/** Prints what happens, with the time since the first of it. */
export class Timeline {
  private readonly startedAt = Date.now();

  /** @param at wall clock, in ms; the processes of one machine share it */
  print(text: string, at = Date.now()): void {
    console.log(`   ${`+${this.msUntil(at)} ms`.padStart(9)}  ${text}`);
  }

  msUntil(at: number): number {
    return Math.round(at - this.startedAt);
  }
}
