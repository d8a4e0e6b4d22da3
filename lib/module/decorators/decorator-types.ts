import type { Duration } from '../../core/duration.js';
import type { WithLockOptions } from '../../core/options.js';

/* eslint-disable @typescript-eslint/no-explicit-any -- inference of a method's parameters needs the bivariance of any */

/** A method that `@WithLock()` and `@LeaderOnly()` can guard: only an asynchronous one ends when its work ends. */
export type AsyncMethod = (...args: any[]) => Promise<any>;

/** What a guarded method answers when it is not run: an error, `undefined`, or what the function returns. */
export type InsteadOfRunning = 'throw' | 'skip' | ((...args: any[]) => unknown);

/** Builds the key, or several, from the first arguments of the method. */
export type KeyFunction<P extends any[]> = (...args: P) => string | readonly string[];

/** Builds the name of the pool from the first arguments of the method. */
export type PermitNameFunction<P extends any[]> = (...args: P) => string;

/** Options of `@WithLock()`. */
export interface WithLockMethodOptions<F extends InsteadOfRunning = InsteadOfRunning> extends Omit<
  WithLockOptions,
  'signal'
> {
  /**
   * What a call answers when the key stays with another for as long as `wait`: `'throw'` rejects with `LockTimeoutError`
   * (or `LockHeldError` for `wait: false`), `'skip'` resolves with `undefined`, a function is called with the method's
   * arguments and on its instance. A store that gives no answer always rejects: it is not known that the key is held.
   * @default 'throw'
   */
  ifHeld?: F;
}

/** Options of `@WithPermit()`. */
export interface WithPermitMethodOptions<F extends InsteadOfRunning = InsteadOfRunning> extends Omit<
  WithLockMethodOptions<F>,
  'mustExist'
> {
  /** How many may be held at a time: 1 to 4096. The same wherever the name is used: each number has its own permits. */
  permits: number;
}

/** Options of `@LeaderOnly()`. */
export interface LeaderOnlyOptions<F extends InsteadOfRunning = InsteadOfRunning> {
  /**
   * What a call answers on a replica that does not lead: `'skip'` resolves with `undefined`, `'throw'` rejects with
   * `NotLeaderError`, a function is called with the method's arguments and on its instance.
   * @default 'skip'
   */
  otherwise?: F;
  /** How long a call waits while the first election is undecided; `false` or 0: not at all. @default 5 s */
  wait?: Duration | false;
}

/**
 * A decorator of asynchronous methods whose first parameters are `P`, and whose result may be what `F` answers.
 */
export interface GuardedMethodDecorator<P extends any[], F extends InsteadOfRunning> {
  <M extends AsyncMethod>(
    target: object,
    name: string | symbol,
    descriptor: TypedPropertyDescriptor<M> & AcceptsKey<P, M> & AcceptsInstead<F, M>,
  ): void;
}

/** `unknown` where the method has all parameters that the key function takes; else a type that says what is wrong. */
type AcceptsKey<P extends any[], M extends AsyncMethod> =
  Parameters<M> extends [...P, ...any[]]
    ? unknown
    : { 'the key function must take the first parameters of the method': Parameters<M> };

/** `unknown` where what is answered without running is a result of the method; else a type that says what is wrong. */
type AcceptsInstead<F extends InsteadOfRunning, M extends AsyncMethod> = [F] extends ['throw']
  ? unknown
  : [Exclude<F, 'throw'>] extends ['skip']
    ? undefined extends Awaited<ReturnType<M>>
      ? unknown
      : { "'skip' answers undefined, which is not a result of the method": Awaited<ReturnType<M>> }
    : [F] extends [(...args: infer P) => infer R]
      ? Parameters<M> extends [...P, ...any[]]
        ? Awaited<R> extends Awaited<ReturnType<M>>
          ? unknown
          : { 'the function must answer a result of the method': Awaited<ReturnType<M>> }
        : { 'the function must take the first parameters of the method': Parameters<M> }
      : {
          "write ifHeld or otherwise in place: 'throw', 'skip' or a function": Awaited<ReturnType<M>>;
        };
