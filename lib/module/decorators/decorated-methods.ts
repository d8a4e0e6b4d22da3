import type { AcquireOptions } from '../../core/options.js';
import { sharedState } from '../../platform/shared-state.js';

/** What a decorator noted about a method, for checks at start-up. */
export type DecoratedMethod =
  | {
      readonly decorator: 'WithLock' | 'WithPermit';
      readonly label: string;
      readonly options: AcquireOptions;
    }
  | { readonly decorator: 'LeaderOnly'; readonly label: string };

function methodsByPrototype(): WeakMap<object, DecoratedMethod[]> {
  return sharedState('decorated-methods', () => new WeakMap<object, DecoratedMethod[]>());
}

/** Notes a decorated method of the class with this prototype. */
export function noteDecoratedMethod(prototype: object, method: DecoratedMethod): void {
  const methods = methodsByPrototype();
  methods.set(prototype, [...(methods.get(prototype) ?? []), method]);
}

/** The decorated methods of a class, inherited ones included. */
export function decoratedMethodsOf(prototype: unknown): DecoratedMethod[] {
  const found: DecoratedMethod[] = [];
  for (
    let current = prototype;
    typeof current === 'object' && current !== null;
    current = Object.getPrototypeOf(current)
  ) {
    found.push(...(methodsByPrototype().get(current) ?? []));
  }
  return found;
}
