import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));
const fixture = `${root}test/module/types/compiles.ts`;

function diagnosticsOf(transform: (source: string) => string = source => source): string[] {
  const config = ts.readConfigFile(`${root}tsconfig.json`, path => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root);
  const host = ts.createCompilerHost({ ...options, noEmit: true });
  const readSource = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) =>
    name === fixture
      ? ts.createSourceFile(name, transform(readFileSync(name, 'utf8')), rest[0])
      : readSource(name, ...rest);
  const program = ts.createProgram([fixture], { ...options, noEmit: true }, host);
  return program.getSemanticDiagnostics(program.getSourceFile(fixture)).map(diagnostic => {
    const { line } = diagnostic.file!.getLineAndCharacterOfPosition(diagnostic.start!);
    return `${line + 1}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')}`;
  });
}

describe('the types of the public surface', () => {
  it('accept what must compile, and refuse what must not', () => {
    expect(diagnosticsOf()).toEqual([]);
  }, 60_000);

  it('refuse each of the mistakes, with a message that spells it out', () => {
    const expected = readFileSync(fixture, 'utf8').match(/@ts-expect-error/g)!.length;
    const found = diagnosticsOf(source => source.replaceAll('@ts-expect-error', 'an error'));
    expect(expected).toBeGreaterThanOrEqual(30);
    expect(new Set(found.map(line => line.split(':')[0])).size).toBe(expected);
    const text = found.join('\n');
    expect(text).toContain('the key function must take the first parameters of the method');
    expect(text).toContain("'skip' answers undefined, which is not a result of the method");
    expect(text).toContain('the function must answer a result of the method');
  }, 60_000);
});
