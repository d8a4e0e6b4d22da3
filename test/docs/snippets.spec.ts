import { beforeAll, describe, expect, it } from '@jest/globals';
import { Page, PAGES } from './markdown.js';
import { SnippetChecker } from './snippet-checker.js';

const blocks = PAGES.flatMap(path => new Page(path).blocks).filter(block => block.language === 'ts');

describe('code in the documentation', () => {
  let checker: SnippetChecker;
  const broken = { page: 'example', language: 'ts', line: 7, code: 'await 1;\nconst ttl: Duration = true;' };

  beforeAll(() => {
    checker = new SnippetChecker([...blocks, broken]);
  }, 120_000);

  it.each(blocks.map(block => [`${block.page}:${block.line}`, block] as const))(
    'compiles: %s',
    (_, block) => expect(checker.errorsOf(block)).toEqual([]),
    60_000,
  );

  it('is refused with its line in the page', () => {
    const refused = expect.stringMatching(/^example:8: Type 'true' is not assignable to type 'Duration'/);
    expect(checker.errorsOf(broken)).toEqual([refused]);
  });
});
