import type { Need } from './harness.js';
import type { Probe } from './probe.js';

/** A case before it is bound to a harness. */
export interface CaseDefinition {
  readonly group: string;
  readonly claim: string;
  readonly needs: readonly Need[];
  readonly check: (probe: Probe) => Promise<void>;
}

/** Adds a case to a group: the claim, what it needs beyond the mandatory port, and the check. */
export type DefineCase = (
  claim: string,
  ...rest: [...needs: Need[], check: (probe: Probe) => Promise<void>]
) => void;

/** @returns the cases that `define` adds, in that order */
export function defineCases(group: string, define: (it: DefineCase) => void): CaseDefinition[] {
  const cases: CaseDefinition[] = [];
  define((claim, ...rest) => {
    const check = rest.at(-1) as (probe: Probe) => Promise<void>;
    cases.push({ group, claim, needs: rest.slice(0, -1) as Need[], check });
  });
  return cases;
}
