import { describeValue } from './describe-value.js';

/** Scheme, user name and password, where to, query. An `@` in the query, or a `?` in the password, makes it none. */
const URL_PARTS = /^(\w+:\/\/)?([^?]*@)?([^?@]*)(?:\?[^@]*)?$/;

/** A URL, as it was written, fit for logs: without user name, password and query. What cannot be told apart is left out. */
export function redactUrl(written: unknown): string {
  if (typeof written === 'object' && written !== null) return 'an object';
  if (typeof written !== 'string') return describeValue(written);
  const parts = URL_PARTS.exec(written);
  if (parts === null) return '…';
  const [, scheme = '', user, where] = parts;
  return `${scheme}${user === undefined ? '' : '…@'}${where}`;
}

/** Whether it is a URL that names a host, under one of the protocols (`['http', 'https']`). */
export function isUrl(written: unknown, protocols: readonly string[]): written is string {
  return (
    typeof written === 'string' &&
    protocols.some(protocol => written.startsWith(`${protocol}://`)) &&
    URL.canParse(written) &&
    new URL(written).hostname !== ''
  );
}
