import { OptionsInvalidError } from '../../core/errors.js';

/** A method as its class declares it, wrapped or not. */
export type AnyMethod = (this: object, ...args: unknown[]) => unknown;

/**
 * Replaces a method by a wrapper at decoration time, so that whoever reads the class later (routes, schedules, message
 * handlers) finds the wrapper. Everything that other decorators keep on the function moves along: name, length, own
 * properties and every metadata key; hence the order of decorators does not matter.
 *
 * @param wrap makes the wrapper from the original
 * @throws OptionsInvalidError for static methods and for what is not a method
 */
export function wrapMethod(
  decorator: string,
  target: object,
  name: string | symbol,
  descriptor: PropertyDescriptor | undefined,
  wrap: (original: AnyMethod) => AnyMethod,
): void {
  const label = methodLabel(target, name);
  if (typeof target === 'function') {
    throw new OptionsInvalidError([
      `${decorator} on ${label}: a static method has no instance, hence no SyncManager; make it an instance method`,
    ]);
  }
  const original: unknown = descriptor?.value;
  if (descriptor === undefined || typeof original !== 'function') {
    throw new OptionsInvalidError([
      `${decorator} on ${label}: not a method; decorate an async method, not a getter, field or class`,
    ]);
  }
  const wrapper = wrap(original as AnyMethod);
  copyIdentity(original, wrapper);
  descriptor.value = wrapper;
}

/** Name of a method in messages: `PaymentService.pay`. */
export function methodLabel(target: object, name: string | symbol): string {
  const owner = typeof target === 'function' ? target : target.constructor;
  return `${owner?.name || 'anonymous class'}.${String(name)}`;
}

function copyIdentity(from: object, to: object): void {
  for (const key of Reflect.ownKeys(from)) {
    const property = Object.getOwnPropertyDescriptor(from, key)!;
    const existing = Object.getOwnPropertyDescriptor(to, key);
    if (existing?.configurable !== false) Object.defineProperty(to, key, property);
  }
  for (const key of Reflect.getOwnMetadataKeys(from)) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, from), to);
  }
}
