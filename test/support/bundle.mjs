/**
 * A TypeScript file of `test/` with the library's sources, as one script. `node test/support/bundle.mjs FILE ARG...` makes one
 * and runs it in this process, so that exit codes and signals are its own.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';

// Not by import.meta: this file may be part of a bundle itself
const ROOT = process.cwd();
const BUNDLES = join(ROOT, 'node_modules/.cache/lock-bundles');

/**
 * @param {string} file as seen from the root of the project
 * @returns {string} where the script is
 */
export function bundle(file) {
  const name = file.replaceAll('/', '-').replace(/\.ts$/, '');
  const outfile = join(BUNDLES, `${process.env.JEST_WORKER_ID ?? process.pid}`, `${name}.mjs`);
  buildSync({
    entryPoints: [join(ROOT, file)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    sourcemap: true,
    tsconfig: join(ROOT, 'tsconfig.json'),
    logLevel: 'error',
  });
  return outfile;
}

// A run has its own bundles: neither another run nor an edit changes them. Those of Jest are one set for each worker
process.once('exit', () => rmSync(join(BUNDLES, `${process.pid}`), { recursive: true, force: true }));

if (process.argv[1]?.endsWith('/test/support/bundle.mjs')) {
  // A program with handlers of its own, as chaos has, ends itself
  for (const [signal, code] of Object.entries({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }))
    process.on(signal, () => process.listenerCount(signal) > 1 || process.exit(code));
  const outfile = bundle(process.argv[2] ?? '');
  process.argv.splice(1, 2, outfile);
  process.setSourceMapsEnabled(true);
  await import(pathToFileURL(outfile).href);
}
