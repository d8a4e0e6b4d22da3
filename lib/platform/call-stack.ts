const MAX_FRAMES = 30;

/** Who has called, for people: one frame a line, above that of `below`, and more of them than errors have. */
export function callStack(below: (...args: never[]) => unknown): string {
  const here: { stack?: string } = {};
  const usual = Error.stackTraceLimit;
  Error.stackTraceLimit = MAX_FRAMES;
  Error.captureStackTrace(here, below);
  Error.stackTraceLimit = usual;
  return (here.stack ?? '').split('\n').slice(1).join('\n');
}
