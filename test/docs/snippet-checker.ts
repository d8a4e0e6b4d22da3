import ts from 'typescript';
import { resolve } from 'node:path';
import type { Block } from './markdown.js';

/**
 * Where a block finds the names that it uses and does not declare, first come first served. Subpaths of the package are
 * not among them: which one a name comes from is for the page to say.
 */
const IMPLIED_MODULES = [
  'nestjs-distributed-lock',
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/config',
  '@nestjs/schedule',
  '@jest/globals',
  './prelude.js',
];

/** "Cannot find name", in the compiler's variants. */
const UNKNOWN_NAME = new Set([2304, 2503, 2552, 2582, 2593, 18004]);

/** Type-checks the blocks of the documentation against the sources, each as a module of its own. */
export class SnippetChecker {
  readonly program: ts.Program;
  private readonly sources = new Map<string, string>();
  private readonly options: ts.CompilerOptions;

  constructor(blocks: readonly Block[]) {
    const config = ts.readConfigFile('tsconfig.json', path => ts.sys.readFile(path));
    this.options = {
      ...ts.parseJsonConfigFileContent(config.config, ts.sys, process.cwd()).options,
      noUnusedLocals: false,
      noUnusedParameters: false,
    };
    // Every module is a root of the first program too, so that its exports can be asked for
    const roots = resolve('test/docs/implied.ts');
    this.sources.set(roots, IMPLIED_MODULES.map(name => `import '${name}';`).join('\n'));
    for (const block of blocks) this.sources.set(fileOf(block), `${block.code}\nexport {};\n`);
    const fragments = this.compile();
    const exported = impliedExports(fragments, roots);
    for (const block of blocks) this.addImports(block, fragments, exported);
    this.program = this.compile(fragments);
  }

  /** @returns errors as `page:line: message` */
  errorsOf(block: Block): string[] {
    const file = this.program.getSourceFile(fileOf(block))!;
    const found = [
      ...this.program.getSyntacticDiagnostics(file),
      ...this.program.getSemanticDiagnostics(file),
    ];
    return found.map(({ start = 0, messageText }) => {
      const line = block.line + file.getLineAndCharacterOfPosition(start).line;
      return `${block.page}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
  }

  /** Imports stand after the code, so that lines keep their numbers. */
  private addImports(block: Block, fragments: ts.Program, exported: ReadonlyMap<string, string>): void {
    const path = fileOf(block);
    const file = fragments.getSourceFile(path)!;
    const names = fragments
      .getSemanticDiagnostics(file)
      .filter(({ code }) => UNKNOWN_NAME.has(code))
      .map(({ start, length }) => file.text.slice(start, start! + length!));
    const imports = [...new Set(names)].map(name => exported.get(name) ?? '');
    this.sources.set(path, `${this.sources.get(path)!}${imports.join('')}`);
  }

  private compile(previous?: ts.Program): ts.Program {
    const host = ts.createCompilerHost(this.options, true);
    const { getSourceFile, fileExists, readFile } = host;
    host.fileExists = path => this.sources.has(path) || fileExists(path);
    host.readFile = path => this.sources.get(path) ?? readFile(path);
    host.getSourceFile = (path, version, ...rest) => {
      const text = this.sources.get(path);
      if (text !== undefined) return ts.createSourceFile(path, text, version, true);
      return previous?.getSourceFile(path) ?? getSourceFile(path, version, ...rest);
    };
    return ts.createProgram([...this.sources.keys()], this.options, host, previous);
  }
}

/** Beside the prelude, so that a block resolves modules as the tests do. */
function fileOf({ page, line }: Block): string {
  return resolve('test/docs', `${page.replace(/\W/g, '-')}-${line}.snippet.ts`);
}

/** For each name that the implied modules export, the statement that imports it. */
function impliedExports(program: ts.Program, roots: string): Map<string, string> {
  const checker = program.getTypeChecker();
  const found = new Map<string, string>();
  for (const statement of program.getSourceFile(roots)!.statements.filter(ts.isImportDeclaration)) {
    const from = statement.moduleSpecifier;
    for (const entry of checker.getExportsOfModule(checker.getSymbolAtLocation(from)!)) {
      const symbol = entry.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(entry) : entry;
      const keyword = symbol.flags & ts.SymbolFlags.Value ? 'import' : 'import type';
      if (!found.has(entry.name))
        found.set(entry.name, `${keyword} { ${entry.name} } from ${from.getText()};\n`);
    }
  }
  return found;
}
