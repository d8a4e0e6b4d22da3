import { describe, expect, it } from '@jest/globals';
import { isUrl, redactUrl } from '../../lib/core/redact-url.js';

describe('A URL in logs and messages', () => {
  it.each([
    ['redis://localhost:6379/0', 'redis://localhost:6379/0'],
    ['localhost:6379', 'localhost:6379'],
    ['https://db.local?token=hush', 'https://db.local'],
    ['rediss://user:hush@host:6380/0?password=hush', 'rediss://…@host:6380/0'],
    ['redis://:hu@sh@host', 'redis://…@host'],
    ['redis://user:hu/sh@host', 'redis://…@host'],
    ['user:hush@host', '…@host'],
    [':hush@', '…@'],
    ['redis://user:hu?sh@host', '…'],
    ['redis://host?password=a@hush', '…'],
    [5, '5'],
    [undefined, 'undefined'],
    [{ password: 'hush' }, 'an object'],
    [new URL('redis://user:hush@host'), 'an object'],
  ])('%p is %s', (written, expected) => {
    expect(redactUrl(written)).toBe(expected);
  });

  it.each<[unknown, boolean]>([
    ['http://host', true],
    ['https://host:1/path', true],
    ['ftp://host', false],
    ['http:host', false],
    ['http://', false],
    ['http://host:port', false],
    ['host', false],
    [5, false],
  ])('%p is one of http or https: %p', (written, expected) => {
    expect(isUrl(written, ['http', 'https'])).toBe(expected);
  });
});
