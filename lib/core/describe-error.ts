/** An error as part of a sentence: without the code that opens our messages, and without a full stop. */
export function describeError(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^LOCK_[A-Z_]+: /, '').replace(/\.$/, '');
}
