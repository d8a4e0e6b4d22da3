import type { DiscoveryService } from '@nestjs/core';
import type { DecoratedMethod } from './decorators/decorated-methods.js';
import { decoratedMethodsOf } from './decorators/decorated-methods.js';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/**
 * Looks through the providers and controllers of one application, lazily loaded modules included.
 *
 * Nest remembers whether a provider is request-scoped when first asked, and must not be asked before it has resolved the
 * provider's dependencies: hence only {@link instancesWith}, which runs after start-up, asks.
 */
export class Explorer {
  constructor(private readonly discovery: DiscoveryService) {}

  /** Whether the application has built, or was given, this instance. */
  owns(instance: object): boolean {
    return this.wrappers().some(wrapper => wrapper.instance === instance);
  }

  /** Instances with decorated methods, each once. */
  decoratedInstances(): Set<object> {
    return new Set([...this.objects()].filter(instance => decoratedMethodsOf(instance).length > 0));
  }

  /** Decorated methods of all classes that Nest builds, each once. Needs no instances. */
  decoratedMethods(): Set<DecoratedMethod> {
    const found = new Set<DecoratedMethod>();
    for (const wrapper of this.wrappers()) {
      for (const method of decoratedMethodsOf(prototypeOf(wrapper))) found.add(method);
    }
    return found;
  }

  /** Names of the classes that Nest builds and that have a method of this name. */
  classesWithMethod(method: string): string[] {
    const names = this.wrappers()
      .filter(wrapper => method in (prototypeOf(wrapper) ?? {}))
      .map(wrapper => String(wrapper.name));
    return [...new Set(names)];
  }

  /**
   * Instances of which `predicate` holds and which live as long as the application.
   * @returns each instance once, and the names of classes with other scopes, of which Nest keeps no instances
   */
  instancesWith<T extends object>(
    predicate: (instance: object) => instance is T,
  ): { instances: T[]; shortLived: string[] } {
    const instances = new Set<T>();
    const shortLived = new Set<string>();
    for (const wrapper of this.wrappers()) {
      const instance: unknown = wrapper.instance;
      if (typeof instance !== 'object' || instance === null || !predicate(instance)) continue;
      if (wrapper.isDependencyTreeStatic() && !wrapper.isTransient) instances.add(instance);
      else shortLived.add(String(wrapper.name));
    }
    return { instances: [...instances], shortLived: [...shortLived] };
  }

  private *objects(): Iterable<object> {
    for (const wrapper of this.wrappers()) {
      const instance: unknown = wrapper.instance;
      if (typeof instance === 'object' && instance !== null) yield instance;
    }
  }

  private wrappers(): Wrapper[] {
    return [...this.discovery.getProviders(), ...this.discovery.getControllers()];
  }
}

/** Prototype of the class that Nest instantiates; `undefined` for factories and values. */
function prototypeOf(wrapper: Wrapper): object | undefined {
  const { metatype, inject } = wrapper;
  if (typeof metatype !== 'function' || (inject !== undefined && inject !== null)) return undefined;
  const prototype: unknown = metatype.prototype;
  return typeof prototype === 'object' && prototype !== null ? prototype : undefined;
}
