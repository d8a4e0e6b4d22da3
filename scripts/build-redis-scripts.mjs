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
const INCLUDE = /^--@include ([\w-]+)\n/gm;
const HEADER = /^--\[\[\n([\s\S]*?)\n\]\]\n/;

/** @returns the file's name, what it should hold, and what it holds */
export function scriptsModule() {
  const names = readdirSync(SOURCE_DIR)
    .filter(name => name.endsWith('.lua'))
    .sort();
  const entries = names.map(file =>
    entry(file.replace('.lua', ''), readFileSync(join(SOURCE_DIR, file), 'utf8')),
  );
  const includes = readdirSync(join(SOURCE_DIR, 'includes'))
    .sort()
    .map(file => `const ${constantOf(file)} = \`${literal(included(file))}\`;\n`);
  const expected =
    '// Generated from scripts/*.lua by npm run build:scripts. Do not edit.\n\n' +
    '/** A script as Redis knows it. */\n' +
    'export interface RedisScript {\n  readonly source: string;\n  /** Number of KEYS of one lease. */\n  readonly keys: number;\n  readonly sha1: string;\n}\n\n' +
    `${includes.join('\n')}\n` +
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
    const readsRest = kind === 'ARGV' && /\ba \+ \d+, last\b|\b\d+, #ARGV\b/.test(body);
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
  const parts = source.replace(HEADER, '').split(INCLUDE);
  // Every other part is the name of an include.
  const lua = parts.map((part, i) => (i % 2 === 1 ? included(`${part}.lua`) : part)).join('');
  const text = parts.map((part, i) => (i % 2 === 1 ? `\${${constantOf(part)}}` : literal(part))).join('');
  const sha1 = createHash('sha1').update(lua).digest('hex');
  const keys = numbers(source, /^KEYS\[(\d+)\]/gm).length;
  const property = /^\w+$/.test(name) ? name : `'${name}'`;
  return `  ${property}: {\n    keys: ${keys},\n    sha1: '${sha1}',\n    source: \`${text}\`,\n  },\n`;
}

/** What an include holds. */
function included(file) {
  return readFileSync(join(SOURCE_DIR, 'includes', file), 'utf8');
}

/** Under which name it stands in the module, once for all scripts. */
function constantOf(file) {
  return file.replace('.lua', '').replaceAll('-', '_').toUpperCase();
}

/** As the inside of a template literal. */
function literal(text) {
  return text.replace(/[\\`]|\$\{/g, '\\$&');
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
