import { describe, expect, it } from '@jest/globals';
import { track, useWorld } from './world.js';

describe('data and attributes beside a lease (failure 22)', () => {
  const world = useWorld();

  it('data outlives the holder and is handed to the next, through release, loss and loss of the reply', async () => {
    const first = world.replica({ ttl: 1000 });
    const second = world.replica({ ttl: 1000 });
    const lease = await first.manager.acquire('k', { data: 'cursor-1', attributes: { shard: 3, hot: true } });
    expect([lease.data, lease.attributes]).toEqual(['cursor-1', { shard: 3, hot: true }]);
    await lease.release();
    second.link.script('acquire', { kind: 'lose-reply', settle: 'unanswered' });
    const next = await world.until(second.manager.acquire('k', { attributes: { shard: 4 } }));
    expect([next.data, next.attributes]).toEqual(['cursor-1', { shard: 4, hot: true }]);
    second.link.cut();
    const third = await world.until(first.manager.acquire('k', { data: null, wait: '5s' }));
    expect([third.data, third.attributes]).toEqual([undefined, { shard: 4, hot: true }]);
  });

  it('bytes stay bytes', async () => {
    const { manager } = world.replica();
    const lease = await manager.acquire('k', { data: Uint8Array.of(0, 255, 10) });
    await lease.release();
    expect((await manager.acquire('k')).data).toEqual(Uint8Array.of(0, 255, 10));
  });

  it('renew replaces, deletes and merges, and the lease shows it once confirmed', async () => {
    const { manager } = world.replica();
    const lease = await manager.acquire('k', { data: 'a', attributes: { x: 1 } });
    await lease.renew({ data: 'b', attributes: { y: 2 } });
    expect([lease.data, lease.attributes]).toEqual(['b', { x: 1, y: 2 }]);
    expect(await world.store.inspect('k')).toMatchObject({ data: 'b', attributes: { x: 1, y: 2 } });
    await lease.renew({ data: null });
    expect(lease.data).toBeUndefined();
    await world.advance(60_000);
    expect(await world.store.inspect('k')).toMatchObject({ attributes: { x: 1, y: 2 } });
    expect((await world.store.inspect('k'))!.data).toBeUndefined();
  });

  it('a write that is delayed does not undo a newer one, neither in the store nor in the lease', async () => {
    const { manager, link } = world.replica({ ttl: 9000 });
    const lease = await manager.acquire('k', { data: 'old', attributes: { n: 0 } });
    link.script('renew', { kind: 'delay', requestMs: 2500, replyMs: 500 });
    const delayed = track(lease.renew({ data: 'first', attributes: { n: 1 } }));
    await world.advance(1900);
    expect(delayed.error).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE' });
    await lease.renew({ data: 'second', attributes: { n: 2 } });
    await world.advance(2000);
    expect(await world.store.inspect('k')).toMatchObject({ data: 'second', attributes: { n: 2 } });
    expect([lease.data, lease.attributes]).toEqual(['second', { n: 2 }]);
  });

  it('a write whose reply was late still shows in the lease', async () => {
    const { manager, link } = world.replica({ ttl: 9000 });
    const lease = await manager.acquire('k', { data: 'old' });
    link.script('renew', { kind: 'delay', requestMs: 0, replyMs: 2500 });
    const late = track(lease.renew({ data: 'new' }));
    await world.advance(2600);
    expect(late.state).toBe('rejected');
    expect(lease.data).toBe('new');
  });

  it('a lost reply to a write does not let the retry of another write it twice', async () => {
    const { manager, link } = world.replica({ ttl: 9000 });
    const lease = await manager.acquire('k');
    link.script('renew', { kind: 'lose-reply', settle: 'unanswered' });
    await expect(lease.renew({ data: 'a' })).rejects.toMatchObject({ sent: true });
    await lease.renew({ data: 'b' });
    await world.advance(20_000);
    expect((await world.store.inspect('k'))!.data).toBe('b');
  });

  it('release replaces or deletes, and a repeated release writes it still', async () => {
    const { manager, link } = world.replica({ ttl: 9000 });
    const lease = await manager.acquire('k', { data: 'a' });
    await lease.renew({ data: 'b' });
    link.script('release', { kind: 'lose-request', settle: 'unsent' });
    await lease.release({ data: 'bye' });
    await world.advance(2000);
    expect(await world.store.inspect('k')).toMatchObject({ isHeld: false, data: 'bye' });
    await (await manager.acquire('k')).release({ data: null });
    expect((await world.store.inspect('k'))?.data).toBeUndefined();
  });

  it('a wrong write is refused before anything ends: the lease stays held', async () => {
    const { manager } = world.replica();
    const lease = await manager.acquire('k');
    await expect(lease.release({ data: 5 as any })).rejects.toMatchObject({ code: 'LOCK_OPTIONS_INVALID' });
    expect(lease.isHeld).toBe(true);
    await expect(manager.acquire('j', { data: {} as any })).rejects.toMatchObject({
      code: 'LOCK_OPTIONS_INVALID',
    });
  });

  it('data does not expire, unless dataTtl says when', async () => {
    const { manager } = world.replica({ ttl: 1000 });
    await (await manager.acquire('a', { data: 'x' })).release();
    const lease = await manager.acquire('b', { data: 'x', dataTtl: '10s' });
    await world.advance(5000);
    await lease.renew({ data: 'y' });
    await lease.release();
    await world.advance(9000);
    expect((await manager.inspect('b'))?.data).toBe('y');
    await world.advance(1001);
    expect((await manager.inspect('b'))?.data).toBeUndefined();
    expect((await manager.inspect('a'))?.data).toBe('x');
  });

  it('a later holder of the same manager sees the data of now, not of its predecessor’s acquisition', async () => {
    const { manager } = world.replica();
    const lease = await manager.acquire('k', { data: '1' });
    const next = manager.acquire('k');
    await lease.renew({ data: '2' });
    await lease.release();
    expect((await next).data).toBe('2');
  });
});
