import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownFolder } from './servers/owned-processes.mjs';

const here = import.meta.dirname;
const root = join(here, '..');

/**
 * Installs what is compared where it is missing, and the library as npm would pack it now. It resolves `ioredis` to the very copy
 * that all others use.
 */
export function install() {
  if (!existsSync(join(here, 'node_modules'))) npm(here, ['ci', '--ignore-scripts']);
  const folder = ownFolder(mkdtempSync(join(tmpdir(), 'lock-bench-pack-')));
  const packed = npm(root, ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]);
  // An array in npm 10, an object by package name in npm 11
  const [{ filename }] = Object.values(JSON.parse(packed));
  npm(here, ['install', '--no-save', '--no-package-lock', '--ignore-scripts', join(folder, filename)]);
}

function npm(cwd, args) {
  const stdio = ['ignore', 'pipe', 'inherit'];
  return execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd,
    stdio,
    encoding: 'utf8',
  });
}
