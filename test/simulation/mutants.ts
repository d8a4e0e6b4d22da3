import { storeMutants } from './store-mutants.js';
import { engineMutants } from './engine-mutants.js';
import { poolMutants } from './pool-mutants.js';
import { timeMutants } from './time-mutants.js';

/** A deliberate mistake: one text of one source file replaced by another. */
export interface Mutant {
  readonly name: string;
  /** What the mistake is, and where it was made before: numbers are those of the failures in docs/safety.md. */
  readonly mistake: string;
  readonly file: string;
  /** There exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** Mistakes of which each breaks a promise; the simulation must find all of them. */
export const MUTANTS: readonly Mutant[] = [...timeMutants, ...engineMutants, ...storeMutants, ...poolMutants];
