import assert from 'node:assert/strict';
import { defineCases } from '../define-cases.js';
import type { Probe } from '../probe.js';

const MAX_KEY_BYTES = 1024;

/** All of them are held at the same time, each reads as itself, and releasing one frees no other. */
async function assertDistinct(probe: Probe, suffixes: readonly string[]): Promise<void> {
  const grants = [];
  for (const suffix of suffixes) grants.push(await probe.grant(probe.key(suffix), { data: suffix }));
  for (const [n, grant] of grants.entries()) {
    const record = await probe.inspect(grant.key);
    assert.equal(record?.key, grant.key);
    await probe.assertHeldBy(grant, { data: suffixes[n] });
  }
  await probe.assertReleased(grants[0]!);
  for (const grant of grants.slice(1)) await probe.assertHeldBy(grant);
  const listed = (await probe.list(probe.prefix)).map(({ key }) => key).sort();
  assert.deepEqual(listed, suffixes.map(suffix => probe.key(suffix)).sort());
}

/** What the port says of: key. */
export const keyCases = defineCases('key', it => {
  it('differs by case', probe => assertDistinct(probe, ['order', 'Order', 'ORDER']));

  it('is not normalised: composed and decomposed letters differ', probe =>
    assertDistinct(probe, ['caf\u00e9', 'cafe\u0301', 'cafe', '\u212b', '\u00c5', '\ufb01', 'fi']));

  it('may hold emoji, and characters beyond the basic plane', probe =>
    assertDistinct(probe, ['🔒', '🔓', '🔒🔓', '👩‍👩‍👧', '👩👩👧', '\ufffd', '𝒳', '日本語']));

  it('may hold braces', probe =>
    assertDistinct(probe, ['{', '}', '{}', '}{', '{a}', '{a}b', '{a}{b}', 'a', '{{a}}', '{}a', 'b{a}']));

  it('may hold separators, and what looks like a suffix of a store', probe =>
    assertDistinct(probe, [
      'a',
      'a:',
      ':a',
      'a:b',
      'a::b',
      'a:lease',
      'a:fence',
      'a:data',
      'a}:lease',
      'a/b',
      'a.b',
      'a|b',
      'a#b',
    ]));

  it('may hold glob characters', probe =>
    assertDistinct(probe, [
      'a*',
      '*',
      'a?',
      '?',
      'ab',
      'a[b]',
      '[a]b',
      'a[^b]',
      'a\\*',
      'a\\',
      '\\',
      'a]',
      '[',
    ]));

  it('may hold percent signs and escapes', probe =>
    assertDistinct(probe, [
      'A',
      '%41',
      '%',
      '%%',
      '%25',
      '%2541',
      'a b',
      'a%20b',
      'a+b',
      '&amp;',
      '%7B',
      '{',
      '\\u0041',
    ]));

  it('may hold quotes, spaces and control characters', probe =>
    assertDistinct(probe, [
      'a',
      ' a',
      'a ',
      'a\n',
      'a\r\n',
      'a\t',
      'a\0',
      'a\0b',
      '"a"',
      "'a'",
      '`a`',
      '$a',
      '\u200ba',
    ]));

  it('differs from the keys that it starts', probe =>
    assertDistinct(probe, ['a', 'aa', 'aaa', 'a1', 'a10', 'a100']));

  it('may look like a number, a keyword or a member', probe =>
    assertDistinct(probe, [
      '0',
      '00',
      '0.0',
      '-0',
      '1e3',
      '1000',
      'null',
      'undefined',
      'true',
      '__proto__',
      'constructor',
      'nil',
    ]));

  it('counts to its last byte, up to 1024 of them', probe => {
    const body = 'x'.repeat(MAX_KEY_BYTES - Buffer.byteLength(probe.prefix) - 1);
    return assertDistinct(probe, [`${body}1`, `${body}2`, body]);
  });
});
