import { describeValue } from '../core/describe-value.js';
import type { Duration } from '../core/duration.js';
import { parseDuration } from '../core/duration.js';
import { nearestName } from '../core/nearest-name.js';
import { OptionProblems } from '../core/option-problems.js';

/** Environment variables by name, or something that is asked for each, such as the `ConfigService` of `@nestjs/config`. */
export type LockEnvSource = Readonly<Record<string, string | undefined>> | { get(name: string): unknown };

/** Reads typed values from environment variables, and collects what is wrong with them. */
export class EnvReader<Name extends string> {
  readonly problems = new OptionProblems();

  /** @param names all that may be read; a variable of that prefix with a name close to one of them is a slip */
  constructor(
    private readonly env: LockEnvSource,
    names: readonly Name[],
    prefix: string,
  ) {
    if (isService(env)) return;
    for (const name of Object.keys(env)) {
      if (!name.startsWith(prefix) || (names as readonly string[]).includes(name)) continue;
      const nearest = nearestName(name, names);
      if (nearest !== undefined) this.problems.add(`${name} is not known; did you mean ${nearest}?`);
    }
  }

  /** @returns the text without blanks around it; `undefined` when absent or empty */
  text(name: Name): string | undefined {
    const value: unknown = isService(this.env) ? this.env.get(name) : this.env[name];
    // A service may have parsed the value already.
    const text = typeof value === 'string' ? value.trim() : jsonOf(value);
    return text === '' || value === null ? undefined : text;
  }

  flag(name: Name): boolean | undefined {
    const text = this.text(name)?.toLowerCase();
    if (text === undefined) return undefined;
    if (text === 'true' || text === '1') return true;
    if (text === 'false' || text === '0') return false;
    this.problems.add(`${name} (${describeValue(text)}) must be true or false`);
    return undefined;
  }

  oneOf<Value extends string>(name: Name, values: readonly Value[]): Value | undefined {
    const text = this.text(name);
    if (text === undefined || (values as readonly string[]).includes(text)) return text as Value | undefined;
    this.problems.add(`${name} (${describeValue(text)}) must be ${values.join(' or ')}`);
    return undefined;
  }

  number(name: Name): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!Number.isNaN(value)) return value;
    this.problems.add(`${name} (${describeValue(text)}) must be a number; try 0.01`);
    return undefined;
  }

  duration(name: Name): Duration | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const ms = parseDuration(text);
    if (ms === undefined)
      this.problems.add(`${name} (${describeValue(text)}) must be a duration; try 5000 (ms) or 5s`);
    return ms;
  }

  durationOrOff(name: Name): Duration | false | undefined {
    return this.text(name)?.toLowerCase() === 'false' ? false : this.duration(name);
  }
}

function isService(env: LockEnvSource): env is { get(name: string): unknown } {
  return 'get' in env && typeof env.get === 'function';
}

/** What no JSON can say is refused for what it reads like. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return describeValue(value);
  }
}
