import type { Parameters } from 'fast-check';

/**
 * How often a property is tried. A failure prints its seed and path: `MODELS_SEED=… MODELS_PATH=… npm test -- test/models -t …`
 * tries that one again, with `MODELS_REPLAY` from the end of printed commands; `MODELS_RUNS=10` tries each ten times as often.
 * @param usual what holds where the environment says nothing
 */
export function runs(count: number, usual: Pick<Parameters<any>, 'seed'> = {}): Parameters<any> {
  const { MODELS_SEED: seed, MODELS_PATH: path, MODELS_RUNS: factor = '1' } = process.env;
  return {
    ...usual,
    numRuns: Math.ceil(count * Number(factor)),
    ...(seed !== undefined && { seed: Number(seed) }),
    ...(path !== undefined && { path }),
    endOnFailure: path !== undefined,
  };
}
