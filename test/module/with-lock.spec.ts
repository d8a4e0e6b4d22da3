import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { from } from 'rxjs';
import {
  currentLease,
  LockHeldError,
  LockTimeoutError,
  type SyncManager,
  SYNC_MANAGER,
  WithLock,
} from '../../lib/index.js';
import { alwaysHeldStore, FaultyStore } from '../../lib/testing/index.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { closeAll, gate, LogLines, settle, startApp } from './support/app.js';

afterEach(closeAll);

class CardDeclined extends Error {}

@Injectable()
class Payments {
  running = 0;
  mostAtOnce = 0;
  calls: unknown[][] = [];
  held = gate();

  @WithLock((orderId: string) => `order:${orderId}`, { ttl: '5s', wait: '5s' })
  async pay(orderId: string, cents = 100): Promise<string> {
    this.calls.push([orderId, cents]);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.running);
    await settle(2);
    this.running--;
    return `${orderId}:${cents}:${currentLease()!.key}:${currentLease()!.fencingToken > 0}`;
  }

  @WithLock('busy')
  async hold(): Promise<void> {
    this.calls.push(['hold']);
    await this.held.promise;
  }

  @WithLock('busy', { wait: false })
  async orThrow(): Promise<void> {
    this.calls.push(['orThrow']);
  }

  @WithLock('busy', { wait: 30 })
  async orTimeout(): Promise<void> {
    this.calls.push(['orTimeout']);
  }

  @WithLock('busy', { wait: false, ifHeld: 'skip' })
  async orSkip(): Promise<number | undefined> {
    this.calls.push(['orSkip']);
    return 1;
  }

  @WithLock('busy', { wait: false, ifHeld: (id: string) => `busy: ${id}` })
  async orAnswer(id: string): Promise<string> {
    return `done: ${id}`;
  }

  @WithLock('failing')
  async fail(error: unknown): Promise<void> {
    throw error;
  }

  @WithLock((id?: string) => `order:${id}`)
  async byMaybe(_id?: string): Promise<void> {
    this.calls.push(['byMaybe']);
  }

  @WithLock(() => '')
  async byNothing(): Promise<void> {
    this.calls.push(['byNothing']);
  }

  @WithLock('results')
  async answer<T>(value: T): Promise<T> {
    return value;
  }

  @WithLock('outer')
  async outer(): Promise<string> {
    return this.inner();
  }

  @WithLock('outer', { ifNested: 'join' })
  async inner(): Promise<string> {
    return currentLease()!.key;
  }

  @WithLock('outer')
  async deadlock(): Promise<string> {
    return this.outer();
  }

  @WithLock((from: string, to: string) => [`account:${from}`, `account:${to}`], { wait: '5s' })
  async transfer(from: string, to: string): Promise<string[]> {
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.running);
    await settle(2);
    this.running--;
    const keys = [`account:${from}`, `account:${to}`];
    return [currentLease()!.key, ...keys.map(key => String(currentLease(key)?.isHeld))];
  }

  @WithLock((ids: string[]) => ids)
  async byMany(ids: string[]): Promise<void> {
    this.calls.push(['byMany', ...ids]);
  }

  @WithLock(['busy', 'idle'], { wait: false, ifHeld: 'skip' })
  async bothOrSkip(): Promise<string | undefined> {
    return currentLease()!.key;
  }

  @WithLock(['outer', 'inner'], { ifNested: 'join' })
  async both(): Promise<string> {
    return `${currentLease()!.key} ${currentLease('inner')!.isHeld}`;
  }

  @WithLock('outer')
  async outerOfBoth(): Promise<string> {
    return this.both();
  }

  @WithLock('minimum', { holdAtLeast: '200ms', ttl: '5s', wait: false, ifHeld: 'skip' })
  async tick(): Promise<boolean | undefined> {
    return true;
  }

  @WithLock('lossy', { ttl: '1s' })
  async losing(error?: Error): Promise<string> {
    await this.held.promise;
    if (error !== undefined) throw error;
    return 'done';
  }

  @WithLock('lossy', { ttl: '1s', onLost: 'ignore' })
  async carefree(): Promise<string> {
    await this.held.promise;
    return 'done';
  }
}

async function paymentsOf(options: Parameters<typeof startApp>[0] = {}): Promise<[Payments, SyncManager]> {
  const app = await startApp({ ...options, providers: [Payments] });
  return [app.get(Payments), app.get(SYNC_MANAGER)];
}

describe('@WithLock()', () => {
  it('runs one call at a time per key, with its arguments, result and lease', async () => {
    const [payments] = await paymentsOf();
    const results = await Promise.all(Array.from({ length: 8 }, (_, i) => payments.pay('7', i)));
    expect(results).toEqual(Array.from({ length: 8 }, (_, i) => `7:${i}:order:7:true`));
    expect(payments.mostAtOnce).toBe(1);
  });

  it('runs calls with different keys side by side', async () => {
    const [payments] = await paymentsOf();
    await Promise.all([payments.pay('a'), payments.pay('b'), payments.pay('c')]);
    expect(payments.mostAtOnce).toBe(3);
  });

  it('excludes calls in another application that shares the store', async () => {
    const store = memoryStore();
    const [first] = await paymentsOf({ store });
    const [second] = await paymentsOf({ store });
    const holding = first.hold();
    await settle();
    await expect(second.orThrow()).rejects.toMatchObject({ code: 'LOCK_HELD' });
    first.held.open();
    await holding;
    await second.orThrow();
  });

  it('rejects, skips or answers when the key is held, as ifHeld says', async () => {
    const [payments] = await paymentsOf();
    const holding = payments.hold();
    await settle();
    await expect(payments.orThrow()).rejects.toBeInstanceOf(LockHeldError);
    await expect(payments.orTimeout()).rejects.toBeInstanceOf(LockTimeoutError);
    await expect(payments.orSkip()).resolves.toBeUndefined();
    await expect(payments.orAnswer('7')).resolves.toBe('busy: 7');
    expect(payments.calls).toEqual([['hold']]);
    payments.held.open();
    await holding;
    await expect(payments.orAnswer('7')).resolves.toBe('done: 7');
    await expect(payments.orSkip()).resolves.toBe(1);
  });

  it('passes on the exception of the method itself, even one that looks like ours (#26)', async () => {
    const [payments, manager] = await paymentsOf();
    for (const error of [
      new CardDeclined('no funds'),
      new LockTimeoutError('other', 5),
      'a string',
      undefined,
    ]) {
      await expect(payments.fail(error)).rejects.toBe(error);
    }
    expect(await manager.tryAcquire('failing')).not.toBeNull();
  });

  it('does not take a busy error of the method for its own key being busy (#26)', async () => {
    class Nested {
      @WithLock('own', { ifHeld: 'skip' })
      async run(): Promise<void> {
        throw new LockHeldError('another');
      }
    }
    const app = await startApp({ providers: [Nested] });
    await expect(app.get(Nested).run()).rejects.toMatchObject({ code: 'LOCK_HELD', key: 'another' });
  });

  it('never runs the method when the store does not answer, not even with ifHeld: skip (#27)', async () => {
    const store = new FaultyStore(memoryStore());
    const [payments] = await paymentsOf({ store, lock: { commandTimeout: 50, wait: 120 } });
    store.cut('both');
    await expect(payments.orSkip()).rejects.toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE' });
    expect(payments.calls).toEqual([]);
    store.heal();
  });

  it('never runs the method of a key that stays with others (#27)', async () => {
    const [payments] = await paymentsOf({ store: alwaysHeldStore() });
    await expect(payments.orTimeout()).rejects.toMatchObject({ code: 'LOCK_TIMEOUT' });
    expect(payments.calls).toEqual([]);
  });

  it('refuses keys that were built from a missing argument, and empty ones, naming the method', async () => {
    const [payments] = await paymentsOf();
    await expect(payments.byMaybe()).rejects.toThrow(/Payments\.byMaybe: key \('order:undefined'\)/);
    await expect(payments.byNothing()).rejects.toThrow(/Payments\.byNothing: key \(''\) must not be empty/);
    expect(payments.calls).toEqual([]);
  });

  it('refuses results that would run after the release', async () => {
    const [payments] = await paymentsOf();
    const answer = (value: unknown): Promise<unknown> => payments.answer(value);
    async function* numbers(): AsyncGenerator<number> {
      yield 1;
    }
    await expect(answer(from([1]))).rejects.toMatchObject({
      code: 'LOCK_UNSUPPORTED_RESULT',
    });
    await expect(answer(numbers())).rejects.toThrow(/Payments\.answer returned a stream or async iterable/);
    await expect(answer(new ReadableStream())).rejects.toMatchObject({ code: 'LOCK_UNSUPPORTED_RESULT' });
    for (const fine of [null, undefined, 0, 'text', [1], { subscribe: true }, () => 1]) {
      await expect(answer(fine)).resolves.toBe(fine);
    }
  });

  it('joins the outer lease with ifNested, and refuses to wait for itself without', async () => {
    const [payments] = await paymentsOf();
    await expect(payments.outer()).resolves.toBe('outer');
    await expect(payments.deadlock()).rejects.toMatchObject({ code: 'LOCK_SELF_DEADLOCK' });
  });

  it('runs under all of several keys, whatever their order, and skips when one of them is held', async () => {
    const [payments, manager] = await paymentsOf();
    const calls = [payments.transfer('7', '3'), payments.transfer('3', '7'), payments.transfer('5', '7')];
    expect(await Promise.all(calls)).toEqual([
      ['account:7', 'true', 'true'],
      ['account:3', 'true', 'true'],
      ['account:5', 'true', 'true'],
    ]);
    expect(payments.mostAtOnce).toBe(1);
    await expect(payments.transfer('4', '4')).resolves.toEqual(['account:4', 'true', 'true']);
    await expect(payments.bothOrSkip()).resolves.toBe('busy');
    const holding = payments.hold();
    await settle();
    await expect(payments.bothOrSkip()).resolves.toBeUndefined();
    expect(await manager.tryAcquire('idle')).not.toBeNull();
    payments.held.open();
    await holding;
  });

  it('joins one of several keys with ifNested', async () => {
    const [payments] = await paymentsOf();
    await expect(payments.outerOfBoth()).resolves.toBe('outer true');
    await expect(payments.both()).resolves.toBe('outer true');
  });

  it('refuses each of several keys that was built from a missing argument, and none at all, naming the method', async () => {
    const [payments] = await paymentsOf();
    const bad: [unknown[], RegExp][] = [
      [['a', undefined], /Payments\.byMany: key \(undefined\) must be a string/],
      [['a', 'order:undefined'], /Payments\.byMany: key \('order:undefined'\) contains 'undefined'/],
      [['', 'a'], /Payments\.byMany: key \(''\) must not be empty/],
      [[], /Payments\.byMany: keys \(\[\]\) must be an array of at least one key/],
    ];
    for (const [ids, message] of bad) await expect(payments.byMany(ids as string[])).rejects.toThrow(message);
    expect(payments.calls).toEqual([]);
  });

  it.each([
    ['development', 1],
    ['production', 0],
  ])('in %s the order of locks brings %i warnings', async (nodeEnv, count) => {
    const log = new LogLines();
    const [, manager] = await paymentsOf({
      nodeEnv,
      log,
      lock: { store: { type: 'memory', singleProcess: true } },
    });
    for (const [outer, inner] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      await manager.withLock(outer, () => manager.withLock(inner, () => undefined));
    }
    expect(log.count('taken in both orders')).toBe(count);
  });

  it('keeps the key for holdAtLeast, so that a slower clock skips the same tick', async () => {
    const store = memoryStore();
    const [first] = await paymentsOf({ store });
    const [second] = await paymentsOf({ store });
    await expect(first.tick()).resolves.toBe(true);
    await expect(second.tick()).resolves.toBeUndefined();
    await new Promise(resolve => setTimeout(resolve, 260));
    await expect(second.tick()).resolves.toBe(true);
  });

  it.each(['losing', 'carefree'] as const)(
    'tells of a lost lease, unless onLost says otherwise: %s',
    async name => {
      const store = memoryStore();
      const [payments, manager] = await paymentsOf({ store });
      const running = payments[name]();
      const outcome = running.catch((error: unknown) => error);
      await settle();
      await manager.revoke('lossy');
      await new Promise(resolve => setTimeout(resolve, 450));
      payments.held.open();
      if (name === 'carefree') expect(await outcome).toBe('done');
      else expect(await outcome).toMatchObject({ code: 'LOCK_LOST' });
    },
  );

  it('gives the exception of a method whose lease was lost as the cause', async () => {
    const [payments, manager] = await paymentsOf();
    const error = new CardDeclined('no funds');
    const outcome = payments.losing(error).catch((caught: unknown) => caught);
    await settle();
    await manager.revoke('lossy');
    await new Promise(resolve => setTimeout(resolve, 450));
    payments.held.open();
    expect(await outcome).toMatchObject({ code: 'LOCK_LOST', cause: error });
  });
});

describe('@WithLock() while decorating', () => {
  const decorate = (
    key: any,
    options?: any,
    descriptor?: PropertyDescriptor,
    target: object = class A {}.prototype,
  ) => {
    WithLock(key, options)(target, 'run', (descriptor ?? { value: async () => undefined }) as any);
  };

  it('refuses a static method', () => {
    class Tasks {}
    expect(() => decorate('k', {}, undefined, Tasks)).toThrow(
      /@WithLock\(\) on Tasks\.run: a static method has no instance/,
    );
  });

  it('refuses what is not a method', () => {
    expect(() => decorate('k', {}, { get: () => 1 })).toThrow(/not a method/);
    expect(() => WithLock('k')(class A {}.prototype, 'field', undefined as any)).toThrow(/not a method/);
  });

  it('refuses wrong options, naming option, value and remedy', () => {
    expect(() => decorate('')).toThrow(/key \(''\) must not be empty/);
    expect(() => decorate(undefined)).toThrow(/key \(undefined\) must be a string/);
    expect(() => decorate([])).toThrow(/A\.run: keys \(\[\]\) must be an array of at least one key/);
    expect(() => decorate(['a', ''])).toThrow(/A\.run: key \(''\) must not be empty/);
    expect(() => decorate(['a', 'b'], { data: 'x' })).toThrow(
      /A\.run: data \('x'\) cannot be that of 2 keys/,
    );
    expect(() => decorate('k', { ifHeld: 'ignore' })).toThrow(/ifHeld \('ignore'\) of A\.run must be/);
    expect(() => decorate('k', { onLost: 'skip' })).toThrow(/A\.run: onLost \('skip'\) must be/);
  });
});
