const OFFSET = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;

/**
 * A short name for a long text: the same in every process, and another for another text, as far as 64 bits go.
 * @see http://www.isthe.com/chongo/tech/comp/fnv/ (FNV-1a)
 */
export function shortDigest(text: string): string {
  let hash = OFFSET;
  for (const byte of new TextEncoder().encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * PRIME);
  return hash.toString(36);
}
