import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import type { Mutant } from './mutants.js';

const ROOT = process.cwd();

/** What is in a process's folder here is removed when that process ends, by `bundle.mjs`. */
const BUNDLES = join(ROOT, 'node_modules/.cache/lock-bundles');

/** Compiles `seed-runner.ts` with the library's sources, as they are or with a deliberate mistake. @returns the bundle's path */
export async function buildRunner(mutant?: Mutant): Promise<string> {
  const outfile = join(BUNDLES, `${process.pid}`, `${mutant?.name ?? 'seed-runner'}.mjs`);
  await build({
    entryPoints: [join(ROOT, 'test/simulation/seed-runner.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    sourcemap: true,
    tsconfig: join(ROOT, 'tsconfig.json'),
    logLevel: 'error',
    plugins: mutant === undefined ? [] : [patch(mutant)],
  });
  return outfile;
}

/** The source with the mistake in it. @throws Error unless the text to replace is there exactly once */
export function mutate(source: string, { name, find, replace }: Mutant): string {
  const count = source.split(find).length - 1;
  if (count !== 1) throw new Error(`mutant '${name}': its text is there ${count} times, not once`);
  return source.replace(find, () => replace);
}

/** A script that is another has another hash. */
function rehashed(source: string): string {
  return `import { createHash } from 'node:crypto';
${source}
for (const script of Object.values(SCRIPTS))
  Object.assign(script, { sha1: createHash('sha1').update(script.source).digest('hex') });`;
}

function patch(mutant: Mutant): Plugin {
  const path = join(ROOT, mutant.file);
  return {
    name: 'mutant',
    setup({ onLoad, onEnd }) {
      let isApplied = false;
      onLoad({ filter: /\.ts$/ }, async ({ path: loaded }) => {
        if (loaded !== path) return undefined;
        isApplied = true;
        const source = mutate(await readFile(path, 'utf8'), mutant);
        return {
          contents: loaded.endsWith('scripts.generated.ts') ? rehashed(source) : source,
          loader: 'ts',
        };
      });
      onEnd(() => {
        if (!isApplied)
          throw new Error(`mutant '${mutant.name}': ${mutant.file} is not part of the simulation`);
      });
    },
  };
}
