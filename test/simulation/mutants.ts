/** A deliberate mistake: one text of one source file replaced by another. */
export interface Mutant {
  readonly name: string;
  /** What the mistake is, and where it was made before. */
  readonly mistake: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}
