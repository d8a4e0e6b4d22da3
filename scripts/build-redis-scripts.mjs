/**
 * Turns lib/stores/redis/scripts/*.lua into the committed lib/stores/redis/scripts.generated.ts, so that no file is read
 * at run time. `npm run build:scripts` writes it; test/stores/redis/scripts.spec.ts fails when it is stale.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const SOURCE_DIR = join(ROOT, 'lib/stores/redis/scripts');
const OUTPUT = join(ROOT, 'lib/stores/redis/scripts.generated.ts');
const HEADER = /^--\[\[\n([\s\S]*?)\n\]\]\n/;

/** @returns the file's name, what it should hold, and what it holds */
export function scriptsModule() {
  const names = readdirSync(SOURCE_DIR)
    .filter(name => name.endsWith('.lua'))
    .sort();
  const entries = names.map(file =>
    entry(file.replace('.lua', ''), readFileSync(join(SOURCE_DIR, file), 'utf8')),
  );
  const expected =
    '// Generated from scripts/*.lua by npm run build:scripts. Do not edit.\n\n' +
    '/** A script as Redis knows it. */\n' +
    'export interface RedisScript {\n  readonly source: string;\n  /** Number of KEYS of one lease. */\n  readonly keys: number;\n  readonly sha1: string;\n}\n\n' +
    `export const SCRIPTS = {\n${entries.join('')}} satisfies Record<string, RedisScript>;\n`;
  return { file: OUTPUT, expected, actual: readOrEmpty(OUTPUT) };
}

/** @returns what header and body of a script disagree on, in words; empty when nothing */
export function headerProblems(name, source) {
  const header = HEADER.exec(source)?.[1];
  if (header === undefined) return [`${name}.lua: no header; start it with --[[ … ]]`];
  const body = source.replace(HEADER, '').replace(/--.*$/gm, '');
  const problems = [];
  for (const kind of ['KEYS', 'ARGV']) {
    const documented = numbers(header, new RegExp(`^${kind}\\[(\\d+)`, 'gm'));
    const used = numbers(body, new RegExp(`${kind}\\[(?:[ka] \\+ )?(\\d+)\\]`, 'g'));
    const isVariadic = new RegExp(`^${kind}\\[\\d+\\.\\.\\.\\]`, 'm').test(header);
    const readsRest = kind === 'ARGV' && /\ba \+ \d+, last\b/.test(body);
    if (documented.some((number, i) => number !== i + 1))
      problems.push(`${name}.lua: ${kind} are not documented in order`);
    if (isVariadic !== readsRest) problems.push(`${name}.lua: header and body disagree on a rest of ${kind}`);
    const fixed = isVariadic ? documented.slice(0, -1) : documented;
    if (fixed.join() !== used.join()) {
      problems.push(
        `${name}.lua: header names ${kind} ${fixed.join() || 'none'}, body uses ${used.join() || 'none'}`,
      );
    }
  }
  const replies = words(header, /^(?:Returns| {5}or) \{?'([a-z-]+)/gm);
  const returned = words(body, /return (?:\{ )?'([a-z-]+)/g);
  if (replies.join() !== returned.join()) {
    problems.push(
      `${name}.lua: header names replies ${replies.join() || 'none'}, body returns ${returned.join() || 'none'}`,
    );
  }
  return problems;
}

function entry(name, source) {
  const problems = headerProblems(name, source);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  const lua = expand(source.replace(HEADER, ''));
  const sha1 = createHash('sha1').update(lua).digest('hex');
  const keys = numbers(source, /^KEYS\[(\d+)\]/gm).length;
  const literal = lua.replace(/[\\`]|\$\{/g, '\\$&');
  return `  ${name}: {\n    keys: ${keys},\n    sha1: '${sha1}',\n    source: \`${literal}\`,\n  },\n`;
}

function expand(source) {
  return source.replace(/^--@include ([\w-]+)\n/gm, (_, file) =>
    readFileSync(join(SOURCE_DIR, 'includes', `${file}.lua`), 'utf8'),
  );
}

function numbers(text, pattern) {
  return [...new Set([...text.matchAll(pattern)].map(match => Number(match[1])))].sort((a, b) => a - b);
}

function words(text, pattern) {
  return [...new Set([...text.matchAll(pattern)].map(match => match[1]))].sort();
}

function readOrEmpty(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { file, expected } = scriptsModule();
  writeFileSync(file, expected);
}
