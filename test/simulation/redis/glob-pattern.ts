/** A pattern of Redis (`*`, `?`, `[…]`, `\`) as a regular expression for the bytes of a name. */
export function globPattern(glob: string): RegExp {
  const parts = glob.match(/\\[\s\S]|\[(?:\\[\s\S]|[^\]])*\]|[\s\S]/g) ?? [];
  return new RegExp(`^${parts.map(expression).join('')}$`, 's');
}

function expression(part: string): string {
  if (part === '*') return '.*';
  if (part === '?') return '.';
  if (part.length > 1 && part.startsWith('[')) return part;
  const literal = part.length > 1 ? part.slice(1) : part;
  return literal.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
