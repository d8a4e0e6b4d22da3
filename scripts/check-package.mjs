/**
 * Packs the built package as npm would and judges the tarball: only what belongs in it, publint, and
 * arethetypeswrong under every module resolution, node10 included.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const ALLOWED =
  /^(dist\/(esm|cjs)\/.+\.(js|js\.map|d\.ts)|dist\/(esm|cjs)\/package\.json|package\.json|docs\/[\w-]+\.md|(README|ARCHITECTURE|CHANGELOG)\.md|LICENSE)$/;
const REQUIRED = [
  'package.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'dist/esm/index.js',
  'dist/cjs/index.js',
];

const folder = mkdtempSync(join(tmpdir(), 'nestjs-distributed-lock-pack-'));
const problems = [];
try {
  const packed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // An array in npm 10, an object by package name in npm 11
  const [{ filename, files, size }] = Object.values(JSON.parse(packed));
  const paths = files.map(file => file.path);
  problems.push(
    ...paths.filter(path => !ALLOWED.test(path)).map(path => `${path} does not belong in the package`),
  );
  problems.push(
    ...REQUIRED.filter(path => !paths.includes(path)).map(path => `${path} is missing in the package`),
  );
  console.log(`${filename}: ${paths.length} files, ${Math.round(size / 1024)} kB packed`);

  const tarball = join(folder, filename);
  for (const [tool, ...args] of [
    ['publint', 'run', tarball, '--strict'],
    ['attw', tarball],
  ]) {
    const { status } = spawnSync(join(root, 'node_modules/.bin', tool), args, { stdio: 'inherit' });
    if (status !== 0) problems.push(`${tool} ended with ${status}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const problem of problems) console.error(`✗ ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;
