import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const run = promisify(execFile);
const root = resolve('.');
const consumers = join(root, 'test/consumers');
const SUBPATHS = ['', '/memory', '/redis', '/dynamodb', '/testing', '/package.json'];
/** Programs that need a package which is not installed, and what they must say. */
const WITHOUT_PEER = [
  ['ioredis', 'redis-without-ioredis', /npm (install|i) ioredis/],
  ['@aws-sdk/client-dynamodb', 'dynamodb-without-sdk', /npm (install|i) @aws-sdk\/client-dynamodb/],
] as const;

let work: string;

/** A project that has the tarball and its required peers, and none of the optional ones. */
async function install(name: string, tarball: string): Promise<void> {
  const folder = join(work, name);
  await cp(join(consumers, name), folder, { recursive: true });
  await cp(join(consumers, 'src'), folder, { recursive: true });
  await cp(join(consumers, 'both-formats.mjs'), join(folder, 'both-formats.mjs'));
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  await run('npm', ['ci', ...quiet], { cwd: folder });
  await run('npm', ['install', '--no-save', ...quiet, tarball], { cwd: folder });
}

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'lock-consumers-'));
  // `npm run test:consumers` has built just before
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', work], { cwd: root });
  const tarball = (await readdir(work)).find(name => name.endsWith('.tgz'))!;
  await Promise.all(['nest-11', 'nest-12'].map(name => install(name, join(work, tarball))));
}, 300_000);

afterAll(() => rm(work, { recursive: true, force: true }));

describe.each(['nest-11', 'nest-12'])('beside %s', name => {
  const folder = (): string => join(work, name);
  const node = async (...args: string[]): Promise<string> => {
    const { stdout } = await run(process.execPath, args, { cwd: folder() });
    return stdout.trim();
  };
  const bundle = (entry: string, format: string, outfile: string) =>
    run(
      join(root, 'node_modules/.bin/esbuild'),
      [
        entry,
        '--bundle',
        '--platform=node',
        `--format=${format}`,
        `--outfile=${outfile}`,
        // Nest's own affair; ioredis and the AWS SDK are not listed
        ...['@nestjs/*', 'reflect-metadata', 'rxjs'].map(external => `--external:${external}`),
      ],
      { cwd: folder() },
    );

  it('compiles with skipLibCheck off and no optional peer, then boots, locks and closes', async () => {
    await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], { cwd: folder() }).catch(
      (error: { stdout: string }) => Promise.reject(new Error(error.stdout)),
    );
    expect(JSON.parse(await node('out/app.js'))).toEqual({
      paid: '7 under order:7',
      doTokensGrow: true,
    });
  });

  it.each(WITHOUT_PEER)('says how to install %s when its store is asked for without it', async (...args) => {
    const [peer, program, advice] = args;
    // Not in a folder above either.
    const resolve = `try { console.log(require.resolve('${peer}')) } catch { console.log('missing') }`;
    expect(await node('--input-type=commonjs', '-e', resolve)).toBe('missing');
    expect(await node(`out/${program}.js`)).toMatch(advice);
  });

  it.each(SUBPATHS)('loads nestjs-distributed-lock%s by require and by import', async subpath => {
    const source = `nestjs-distributed-lock${subpath}`;
    const attributes = subpath.endsWith('.json') ? `, { with: { type: 'json' } }` : '';
    const print = 'm => console.log(Object.keys(m).length > 0)';
    expect(await node('--input-type=commonjs', '-e', `(${print})(require('${source}'))`)).toBe('true');
    expect(await node('--input-type=module', '-e', `import('${source}'${attributes}).then(${print})`)).toBe(
      'true',
    );
  });

  it('agrees on the current lease when both builds are loaded', async () => {
    expect(JSON.parse(await node('both-formats.mjs'))).toEqual({
      areTwoBuilds: true,
      seen: ['k', 'k'],
      paid: 'order',
    });
  });

  it.each([
    ['source', 'esm', 'ts', 'mjs'],
    ['source', 'cjs', 'ts', 'cjs'],
    ['compiled', 'cjs', 'js', 'cjs'], // under Nest 11 this takes our CommonJS build
  ])('is bundled by esbuild from %s to %s without optional peers', async (from, format, input, output) => {
    const folderOfEntries = from === 'source' ? '' : 'out/';
    const outfile = (entry: string): string => `bundle-${from}-${entry}.${output}`;
    for (const entry of ['app', ...WITHOUT_PEER.map(([, program]) => program)]) {
      await bundle(`${folderOfEntries}${entry}.${input}`, format, outfile(entry));
    }
    expect(JSON.parse(await node(outfile('app')))).toMatchObject({ doTokensGrow: true });
    for (const [, program, advice] of WITHOUT_PEER) expect(await node(outfile(program))).toMatch(advice);
  });
});
