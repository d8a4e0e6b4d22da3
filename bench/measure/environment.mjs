import { readFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';

const PACKAGES = [
  'nestjs-distributed-lock',
  'ioredis',
  '@verrou/core',
  'redis-semaphore',
  'redlock',
  '@sesamecare-oss/redlock',
  '@aws-sdk/client-dynamodb',
  'dynalite',
];

/** Where and with what a scenario ran. */
export function environment(redis) {
  const [cpu] = os.cpus();
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    node: process.version,
    cpu: cpu.model.trim(),
    cores: os.availableParallelism(),
    os: `${os.type()} ${os.release()}`,
    redis: redis.version,
    /** Of the last minute before, per machine: what else was going on. */
    load: Number(os.loadavg()[0].toFixed(2)),
    packages: Object.fromEntries(PACKAGES.map(name => [name, versionOf(name)])),
  };
}

function versionOf(name) {
  const file = join(import.meta.dirname, '../node_modules', name, 'package.json');
  return JSON.parse(readFileSync(file, 'utf8')).version.replace(/^v/, '');
}
