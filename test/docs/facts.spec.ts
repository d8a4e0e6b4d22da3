import { beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import { distributedLockOptionsFromEnv } from '../../lib/index.js';
import { Page, PAGES } from './markdown.js';

const pages = PAGES.map(path => new Page(path));
const tables = pages.flatMap(page => page.tables);

/** All files of the project, built and installed ones apart. */
function filesOf(folder: string): string[] {
  const skipped = new Set(['node_modules', 'dist', 'coverage', '.git']);
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => !skipped.has(entry.name))
    .flatMap(entry => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesOf(path) : entry.isFile() ? [path] : [];
    });
}

/** The exported types of the package. */
class PublicTypes {
  private readonly checker: ts.TypeChecker;
  private readonly exports: ReadonlyMap<string, ts.Symbol>;

  constructor() {
    const config = ts.readConfigFile('tsconfig.json', path => ts.sys.readFile(path));
    const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, process.cwd());
    const program = ts.createProgram([resolve('lib/index.ts')], options);
    this.checker = program.getTypeChecker();
    const root = this.checker.getSymbolAtLocation(program.getSourceFile(resolve('lib/index.ts'))!)!;
    this.exports = new Map(this.checker.getExportsOfModule(root).map(each => [each.name, each]));
  }

  has(name: string): boolean {
    return this.exports.has(name);
  }

  /** Members with their defaults, by the doc comments; with whether they are the type's own or inherited. */
  membersOf(name: string): Map<string, { byDefault: string; isOwn: boolean }> {
    const declared = this.checker.getDeclaredTypeOfSymbol(this.symbolOf(name));
    const members = this.checker.getPropertiesOfType(declared).map(member => {
      const tag = member.getJsDocTags(this.checker).find(each => each.name === 'default');
      const isOptional = (member.flags & ts.SymbolFlags.Optional) !== 0;
      const byDefault =
        tag === undefined ? (isOptional ? 'none' : 'required') : ts.displayPartsToString(tag.text);
      const owner = member.declarations?.[0]?.parent;
      const isOwn = owner !== undefined && ts.isInterfaceDeclaration(owner) && owner.name.text === name;
      return [member.name, { byDefault: plain(byDefault), isOwn }] as const;
    });
    return new Map(members);
  }

  /** Members of a union of literals. */
  literalsOf(name: string): string[] {
    const type = this.checker.getDeclaredTypeOfSymbol(this.symbolOf(name));
    return (type as ts.UnionType).types.map(each => (each as ts.StringLiteralType).value);
  }

  private symbolOf(name: string): ts.Symbol {
    const symbol = this.exports.get(name)!;
    return symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
  }
}

/** Text without Markdown. */
function plain(text: string): string {
  return text.replaceAll('`', '').replaceAll('&lt;', '<').replaceAll('&gt;', '>').trim();
}

function environmentVariables(): string[] {
  const names = new Set<string>();
  const get = (name: string) => {
    names.add(name);
    return name === 'LOCK_STORE' ? 'memory' : undefined;
  };
  distributedLockOptionsFromEnv({ get });
  return [...names];
}

describe('the reference', () => {
  let types: PublicTypes;
  beforeAll(() => {
    types = new PublicTypes();
  }, 120_000);

  const documented = [
    'TimingOptions',
    'DistributedLockModuleOptions',
    'LeadershipOptions',
    'RedisStoreConfig',
    'DynamoDbStoreConfig',
    'MemoryStoreConfig',
    'AcquireOptions',
    'WithLockMethodOptions',
    'WithPermitMethodOptions',
    'LeaderOnlyOptions',
    'BalanceOptions',
  ];

  it.each(documented)('names each option of %s, with its default', name => {
    const table = tables.find(({ header }) => plain(header[0]!) === name)!;
    const members = types.membersOf(name);
    const described = new Map(table.rows.map(row => [plain(row[0]!), plain(row[2]!)]));
    const actual = [...described.keys()].map(option => [option, members.get(option)?.byDefault]);
    expect([...described]).toEqual(actual);
    const own = [...members].filter(([, { isOwn }]) => isOwn).map(([option]) => option);
    expect([...described.keys()]).toEqual(expect.arrayContaining(own));
  });

  it('has a row for each error code, and for nothing else', () => {
    const table = tables.find(({ header }) => header[0] === 'code')!;
    expect(table.rows.map(row => plain(row[0]!)).sort()).toEqual(types.literalsOf('LockErrorCode').sort());
  });

  it('has a cell for each environment variable, and for nothing else', () => {
    const table = tables.find(({ header }) => header[0] === 'variable')!;
    const names = table.rows.flatMap(row => [row[0]!, row[2]!]).filter(cell => cell !== '');
    expect(names.map(plain).sort()).toEqual(environmentVariables().sort());
  });

  it.each(pages)('writes no LOCK_ name that does not exist: $path', page => {
    const known = new Set([
      ...types.literalsOf('LockErrorCode'),
      ...environmentVariables(),
      'LOCK_TEST_REDIS_URL',
      'LOCK_TEST_DYNAMODB_ENDPOINT',
    ]);
    const used = [...page.text.matchAll(/\bLOCK_[A-Z_]+\b/g)].map(match => match[0]);
    expect(used.filter(name => !known.has(name) && !types.has(name))).toEqual([]);
  });
});

describe.each(pages)('$path', page => {
  it('links only to what exists', () => {
    const dead = page.links.filter(({ target }) => {
      if (/^[a-z]+:/.test(target)) return false;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page.path : join(dirname(page.path), path);
      if (!existsSync(file)) return true;
      return anchor !== undefined && !new Page(file).anchors.has(anchor);
    });
    expect(dead).toEqual([]);
  });

  it('names only source files and scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      scripts: Record<string, string>;
    };
    const files = [...page.text.matchAll(/`([\w.-]+\/[\w./-]+\.(?:ts|js|mjs|md))`/g)].map(match => match[1]!);
    const commands = [...page.text.matchAll(/\bnpm (?:run ([\w:]+)|(start|test)\b)/g)];
    const named = commands.map(match => match[1] ?? match[2]!);
    expect(files.filter(file => !existsSync(file) && !existsSync(join('lib', file)))).toEqual([]);
    expect(named.filter(name => scripts[name] === undefined)).toEqual([]);
  });

  it('uses no other words than those of the glossary', () => {
    const lines = page.prose.map((text, index) => [index + 1, text.replace(/`[^`]*`/g, '')] as const);
    expect(lines.filter(([, text]) => OTHER_WORDS.test(text))).toEqual([]);
  });
});

/** A lease is renewed and released; a method name of others may stand in code. */
const OTHER_WORDS = /\b(?:extend(?:s|ed|ing)?|refresh(?:es|ed|ing)?|un-?lock(?:s|ed|ing)?)\b/i;

/** What a source file says in words: comments and literals. */
function wordsOf(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  const words = [...text.matchAll(/^\s*(?:\/\*\*|\*|\/\/).*$|\s\/\/ .*$/gm)].map(match => match[0]);
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      words.push(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true));
  return words.map(each => each.replace(/`[^`]*`/g, ''));
}

describe('the sources', () => {
  it('use no other words than those of the glossary', () => {
    const files = [...filesOf('lib'), ...filesOf('sample-app')].filter(path => /\.ts$/.test(path));
    const found = files.flatMap(path =>
      wordsOf(path)
        .filter(text => OTHER_WORDS.test(text))
        .map(text => `${path}: ${text.trim()}`),
    );
    expect(found).toEqual([]);
  });

  it('refer to no page that readers do not have', () => {
    // Split, so that this file does not find itself
    const internal = /\bDESIG[N]\b|\bPRIOR-AR[T]\b|\bTASTE\.m[d]\b|\.\.\/share[d]\//;
    const texts = filesOf('.').filter(path => /\.(?:[cm]?[jt]s|json|md|lua|ya?ml|sh)$|^\.ci\//.test(path));
    const found = texts.flatMap(path => {
      const lines = readFileSync(path, 'utf8').split('\n');
      return lines.flatMap((text, index) =>
        internal.test(text) ? [`${path}:${index + 1}: ${text.trim()}`] : [],
      );
    });
    expect(found).toEqual([]);
  });
});
