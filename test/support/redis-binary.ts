import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What a maintainer script asks before it starts a service; 101 means "do not". */
const POLICY = '/usr/sbin/policy-rc.d';

function onPath(program: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map(folder => join(folder, program))
    .find(file => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function isDebianLike(): boolean {
  if (onPath('apt-get') === undefined || !existsSync('/etc/os-release')) return false;
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'));
}

/** Installs Debian's package without letting it start its own service on port 6379. */
function installDebianPackage(): void {
  console.log(
    '\nThe tests need a real Redis, and there is no redis-server on the PATH: apt-get installs Debian’s package.',
  );
  const ours = !existsSync(POLICY);
  if (ours) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'redis-server']]) {
      const { status, stdout, stderr } = spawnSync('apt-get', ['-q', ...args], {
        encoding: 'utf8',
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      });
      if (status !== 0)
        throw new Error(`apt-get ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
    }
  } finally {
    if (ours) rmSync(POLICY, { force: true });
  }
}

/**
 * Finds `redis-server` on the PATH; on Debian and Ubuntu, root installs it.
 *
 * @returns its path
 * @throws Error with the one command to run, where it is missing and cannot be installed
 */
export function requireRedisServer(): string {
  const found = onPath('redis-server');
  if (found !== undefined) return found;
  if (isDebianLike() && process.getuid?.() === 0) installDebianPackage();
  const installed = onPath('redis-server');
  if (installed !== undefined) return installed;
  const command =
    process.platform === 'darwin'
      ? 'brew install redis'
      : isDebianLike()
        ? 'sudo apt-get install -y redis-server'
        : 'docker run -d -p 6379:6379 redis && export LOCK_TEST_REDIS_URL=redis://127.0.0.1:6379';
  throw new Error(
    `The tests need a real Redis, and there is no redis-server on the PATH. Run:\n\n  ${command}\n`,
  );
}
