import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { SCRIPTS } from '../../../lib/stores/redis/scripts.generated.js';
import { headerProblems, scriptsModule } from '../../../scripts/build-redis-scripts.mjs';

const source = (name: string): string => readFileSync(`lib/stores/redis/scripts/${name}.lua`, 'utf8');

describe('Redis scripts', () => {
  it('are generated from the .lua files as they are now (npm run build:scripts)', () => {
    const { expected, actual } = scriptsModule();
    expect(actual).toBe(expected);
  });

  it.each(Object.keys(SCRIPTS))('%s: header and body agree', name => {
    expect(headerProblems(name, source(name))).toEqual([]);
  });

  it.each(Object.values(SCRIPTS))('$sha1 is the hash of its source', ({ source: lua, sha1 }) => {
    expect(createHash('sha1').update(lua).digest('hex')).toBe(sha1);
  });

  it.each([
    ['an argument that is not documented', 'ARGV[2] 1:', 'ARGV[3] 1:', 'ARGV'],
    ['a key that is not documented', 'KEYS[1] lease', 'the lease', 'KEYS'],
    ['a reply that is not documented', "or 'not-found'", '', 'replies'],
    ['a reply that is not returned', "return 'not-found'", "return 'revoked'", 'replies'],
  ])('find %s', (_, from, to, word) => {
    const changed = source('revoke').replace(from, to);
    expect(changed).not.toBe(source('revoke'));
    expect(headerProblems('revoke', changed).join()).toContain(word);
  });

  it('are never sent by EVAL and never read at run time', () => {
    for (const file of ['lease-script-runner', 'restart-guard', 'redis-lease-store', 'redis-client']) {
      const code = readFileSync(`lib/stores/redis/${file}.ts`, 'utf8');
      expect(code).not.toMatch(/\beval(Buffer)?\(|readFile/);
    }
  });
});
