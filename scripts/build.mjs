/**
 * Builds lib/ twice: dist/esm, and dist/cjs for Nest 11 and other CommonJS users. Both compilers run at once and write
 * aside; the results are swapped in when both are good, so that a failed build leaves the last one in place.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

/**
 * In CommonJS, tsc turns `await import('peer')` into a `require` inside a callback, where bundlers no longer see the
 * `try` around it and fail when the optional peer is absent. Taken out of the callback, it is a warning again.
 */
async function requirePeersInline(folder) {
  const wrapped = /Promise\.resolve\(\)\.then\(\(\) => (__importStar\(require\(["'][^.][^"']*["']\)\))\)/g;
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith('.js')) continue;
    const file = join(folder, name);
    const code = await readFile(file, 'utf8');
    const inlined = code.replace(wrapped, 'Promise.resolve($1)');
    if (inlined !== code) await writeFile(file, inlined);
  }
}

async function compile(project, folder, packageType) {
  const args = [tsc, '-p', join(root, project), '--outDir', folder];
  const [code] = await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit');
  if (code !== 0) throw new Error(`${project}: tsc ended with ${code}`);
  if (packageType === 'commonjs') await requirePeersInline(folder);
  await writeFile(join(folder, 'package.json'), `{ "type": "${packageType}" }\n`);
}

const formats = [
  { name: 'esm', project: 'tsconfig.build.json', packageType: 'module' },
  { name: 'cjs', project: 'tsconfig.build-cjs.json', packageType: 'commonjs' },
].map(format => ({
  ...format,
  fresh: join(root, `dist/.${format.name}-${process.pid}`),
  target: join(root, 'dist', format.name),
}));

try {
  const results = await Promise.allSettled(formats.map(f => compile(f.project, f.fresh, f.packageType)));
  const failed = results.filter(result => result.status === 'rejected');
  for (const { reason } of failed) console.error(reason.message);
  if (failed.length > 0) process.exitCode = 1;
  for (const { fresh, target } of failed.length > 0 ? [] : formats) {
    await rm(target, { recursive: true, force: true });
    await rename(fresh, target);
  }
} finally {
  for (const { fresh } of formats) await rm(fresh, { recursive: true, force: true });
}
