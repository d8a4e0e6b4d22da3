/** A status reply, such as `OK`. */
export class Status {
  constructor(readonly text: string) {}
}

/** What a command answers. Texts are bytes, one per character (latin1), as everywhere inside the model. */
export type Reply = number | string | null | Status | readonly Reply[];

/** An error that Redis answers; known to the store by its name, as that of ioredis is. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError';
}

/** The bytes of a word of a command, one per character. */
export function bytesOf(word: string | Buffer): string {
  if (typeof word !== 'string') return word.toString('latin1');
  return isAscii(word) ? word : Buffer.from(word, 'utf8').toString('latin1');
}

/** The text that bytes stand for; the reverse of {@link bytesOf}. */
export function textOf(bytes: string): string {
  return isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}
