/**
 * The import table of ARCHITECTURE.md as data, and the ESLint rule that reads it. A folder may import what its row
 * lists, itself not included unless it says so; what is listed nowhere is refused.
 */
import { dirname, join, relative, resolve, sep } from 'node:path';

const root = resolve(import.meta.dirname, '..');

const NEST = ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs'];

/**
 * `imports`: folders of lib/ that may be imported; `dynamic`: those that only `import()` may reach; `packages`: npm
 * packages; `node`: whether Node's own modules may be used.
 */
export const HOUSE = {
  core: { imports: ['core'], packages: [], node: false },
  platform: { imports: ['core', 'platform'], packages: [], node: true },
  'stores/memory': { imports: ['core', 'platform', 'stores/memory'], packages: [], node: true },
  'stores/redis': { imports: ['core', 'platform', 'stores/redis'], packages: ['ioredis'], node: true },
  'stores/dynamodb': {
    imports: ['core', 'platform', 'stores/dynamodb'],
    packages: ['@aws-sdk/client-dynamodb'],
    node: true,
  },
  engine: { imports: ['core', 'platform', 'engine'], packages: [], node: true },
  leadership: { imports: ['core', 'platform', 'engine', 'leadership'], packages: [], node: true },
  module: {
    imports: ['core', 'platform', 'engine', 'leadership', 'module'],
    dynamic: ['stores/memory', 'stores/redis', 'stores/dynamodb'],
    packages: NEST,
    node: true,
  },
  testing: {
    imports: [
      'core',
      'platform',
      'stores/memory',
      'stores/redis',
      'stores/dynamodb',
      'engine',
      'leadership',
      'module',
      'testing',
    ],
    packages: NEST,
    node: true,
  },
  // lib/index.ts itself
  '.': { imports: ['core', 'platform', 'engine', 'leadership', 'module'], packages: [], node: false },
};

/** Clocks, timers and chance, which lib/platform alone touches: everyone else is given a `Clock` and a `RandomSource`. */
export const PLATFORM_ONLY = {
  globals: [
    'Date',
    'performance',
    'crypto',
    'setTimeout',
    'setInterval',
    'setImmediate',
    'clearTimeout',
    'clearInterval',
    'clearImmediate',
    'AsyncLocalStorage',
  ],
  properties: [
    { object: 'Math', property: 'random' },
    { object: 'process', property: 'hrtime' },
    { object: 'process', property: 'uptime' },
    { object: 'AbortSignal', property: 'timeout' },
  ],
  /** Node modules: all of them (`true`) or the exports named. */
  modules: {
    timers: true,
    'timers/promises': true,
    perf_hooks: true,
    async_hooks: true,
    crypto: [
      'randomUUID',
      'randomBytes',
      'randomInt',
      'randomFill',
      'randomFillSync',
      'getRandomValues',
      'webcrypto',
    ],
  },
};

/** @returns the row of HOUSE that a file of lib/ belongs to, or null when it lies outside lib/ */
function folderOf(file) {
  const path = relative(join(root, 'lib'), file).split(sep).join('/');
  if (path.startsWith('..')) return null;
  if (!path.includes('/')) return '.';
  const parts = path.split('/');
  return parts[0] === 'stores' ? parts.slice(0, 2).join('/') : parts[0];
}

function packageOf(source) {
  return source
    .split('/')
    .slice(0, source.startsWith('@') ? 2 : 1)
    .join('/');
}

/** @returns why `folder` may not import `source`, or null when it may */
function objection(file, folder, { source, names, dynamic }) {
  const row = HOUSE[folder];
  if (row === undefined)
    return `lib/${folder} has no row in the import table (scripts/house-rules.js); add one`;
  if (source.startsWith('.')) {
    const target = folderOf(resolve(dirname(file), source));
    if (target === null) return `lib must not import '${source}', which lies outside lib`;
    if (row.imports.includes(target)) return null;
    if (row.dynamic?.includes(target)) {
      return dynamic ? null : `lib/${folder} may reach lib/${target} by import() only`;
    }
    return `lib/${folder} may not import lib/${target}`;
  }
  const bare = source.replace(/^node:/, '');
  if (source.startsWith('node:')) {
    if (!row.node) return `lib/${folder} does no I/O and imports no Node module ('${source}')`;
    const banned = folder === 'platform' ? undefined : PLATFORM_ONLY.modules[bare];
    if (banned === undefined) return null;
    if (banned === true) return `'${source}' is for lib/platform only`;
    // Without a list of names (import *, import()) everything is within reach
    const reached = names === null ? banned : banned.filter(name => names.includes(name));
    return reached.length === 0
      ? null
      : `${reached.join(', ')} of '${source}' is for lib/platform only; import by name`;
  }
  const name = packageOf(source);
  if (!row.packages.includes(name)) return `lib/${folder} may not import '${name}'`;
  if (name.startsWith('@nestjs/') && source !== name)
    return `'${source}' reaches into ${name}; import what it exports`;
  return null;
}

/** The names that an import or a re-export takes; null when that is the whole module. */
function namesOf(node) {
  if (node.type === 'ExportAllDeclaration') return null;
  const names = [];
  for (const specifier of node.specifiers) {
    if (specifier.type === 'ImportSpecifier') names.push(specifier.imported.name ?? specifier.imported.value);
    else if (specifier.type === 'ExportSpecifier') names.push(specifier.local.name ?? specifier.local.value);
    else return null;
  }
  return names;
}

/** Refuses what the import table does not allow, whichever way it is imported. */
const imports = {
  meta: { type: 'problem', schema: [], messages: { refused: '{{why}}.' } },
  create(context) {
    const folder = folderOf(context.filename);
    if (folder === null) return {};
    const check = (node, literal, names, dynamic) => {
      if (typeof literal?.value !== 'string') {
        context.report({
          node,
          messageId: 'refused',
          data: { why: 'what is imported must be a plain string' },
        });
        return;
      }
      const why = objection(context.filename, folder, { source: literal.value, names, dynamic });
      if (why !== null) context.report({ node, messageId: 'refused', data: { why } });
    };
    const checkStatic = node => node.source && check(node, node.source, namesOf(node), false);
    return {
      ImportDeclaration: checkStatic,
      ExportNamedDeclaration: checkStatic,
      ExportAllDeclaration: checkStatic,
      ImportExpression: node => check(node, node.source, null, true),
      TSImportType: node => check(node, node.source ?? node.argument?.literal, null, false),
      TSExternalModuleReference: node => check(node, node.expression, null, false),
      "CallExpression[callee.name='require']": node => check(node, node.arguments[0], null, false),
    };
  },
};

export default { meta: { name: 'house' }, rules: { imports } };
