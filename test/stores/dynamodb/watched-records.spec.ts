import { describe, expect, it } from '@jest/globals';
import type { LeaseRecord } from '../../../lib/core/lease-store.js';
import { call, collect } from '../../support/fixtures.js';
import { setUp } from './lease-fixtures.js';

/** The lease of 1 s, the most that two clocks may drift apart over it, and their resolution. */
const DEAD_AFTER_MS = 1102;

type World = ReturnType<typeof setUp>;

/** Both ways to look at a row, which must tell the same. */
const LOOKS: [string, (world: World, by?: World['store']) => Promise<LeaseRecord | null>][] = [
  ['inspect', ({ store }, by = store) => by.inspect('k', call)],
  ['list', async ({ store }, by = store) => (await collect(by.list('k', call)))[0] ?? null],
];

describe.each(LOOKS)('what %s tells of a held row', (_, look) => {
  const setUpHeld = async () => {
    const world = setUp();
    const holder = world.open();
    const { fencingToken } = await world.grant({}, holder);
    const renew = (sequence: number) =>
      holder.renew({ key: 'k', owner: 'me', fencingToken, ttlMs: 1000, sentAt: sequence, sequence }, call);
    return { ...world, holder, renew };
  };

  it('is after how long its holder is known to be dead, counted from the first look; then 0', async () => {
    const world = await setUpHeld();
    await world.clock.advance(5000);
    expect(await look(world)).toMatchObject({ isHeld: true, owner: 'me', remainingMs: DEAD_AFTER_MS });
    await world.clock.advance(DEAD_AFTER_MS - 1);
    expect((await look(world))!.remainingMs).toBeCloseTo(1);
    await world.clock.advance(1);
    expect(await look(world)).toMatchObject({ isHeld: true, remainingMs: 0 });
    expect(await look(world, world.open())).toMatchObject({ remainingMs: DEAD_AFTER_MS });
  });

  it('starts anew with each renewal', async () => {
    const world = await setUpHeld();
    for (let sequence = 1; sequence < 10; sequence++) {
      expect((await look(world))!.remainingMs).toBe(DEAD_AFTER_MS);
      await world.clock.advance(900);
      expect((await look(world))!.remainingMs).toBe(DEAD_AFTER_MS - 900);
      await world.renew(sequence);
    }
  });

  it('is known to who acquires: a holder that was seen dead is replaced at once, by one write', async () => {
    const world = await setUpHeld();
    await look(world);
    await world.clock.advance(DEAD_AFTER_MS);
    const before = { ...world.table.arrived };
    expect(await world.acquire({ owner: 'other' })).toMatchObject({ kind: 'granted' });
    expect(world.table.arrived).toEqual({ ...before, writes: before.writes + 1 });
  });

  it('takes no key from a holder that has renewed since', async () => {
    const world = await setUpHeld();
    await look(world);
    await world.clock.advance(DEAD_AFTER_MS);
    await world.renew(1);
    const outcome = await world.acquire({ owner: 'other' });
    expect(outcome).toMatchObject({ kind: 'held', owner: 'me' });
    expect((outcome as { mayBeDead?: boolean }).mayBeDead).toBeUndefined();
    expect(await world.acquire({ owner: 'other', onlyIfDead: true })).toMatchObject({ kind: 'held' });
  });

  it('says no more of a holder than one look does: he may be dead', async () => {
    const world = await setUpHeld();
    await look(world);
    await look(world);
    expect(await world.acquire({ owner: 'other' })).toMatchObject({ kind: 'held', mayBeDead: true });
  });

  it('is counted from after the reply', async () => {
    const world = setUp({}, { delaysMs: () => ({ there: 100, back: 300 }) });
    const { clock, open } = world;
    const granted = world.grant({}, open());
    await clock.advance(400);
    await granted;
    const looked = look(world);
    await clock.advance(400);
    expect((await looked)!.remainingMs).toBe(DEAD_AFTER_MS);
  });

  it('is forgotten once the row is seen free', async () => {
    const world = await setUpHeld();
    await look(world);
    await world.holder.release({ key: 'k', owner: 'me' }, call);
    expect(await look(world)).toBeNull();
    const before = { ...world.table.arrived };
    await world.grant({ owner: 'other' });
    expect(world.table.arrived).toEqual({ ...before, writes: before.writes + 1 });
  });

  it('does not make the next acquisition dearer where the row was our own', async () => {
    const world = setUp();
    await world.grant();
    expect(await look(world)).toMatchObject({ isHeld: true });
    await world.store.release({ key: 'k', owner: 'me' }, call);
    const before = { ...world.table.arrived };
    await world.grant({ owner: 'again' });
    expect(world.table.arrived).toEqual({ ...before, writes: before.writes + 1 });
  });
});

it('a page of a listing is noted when it comes, not when it is read', async () => {
  const { clock, grant, open, store } = setUp();
  const holder = open();
  for (const key of ['k1', 'k2']) await grant({ key }, holder);
  const records: LeaseRecord[] = [];
  for await (const record of store.list('', call)) {
    records.push(record);
    await clock.advance(DEAD_AFTER_MS);
  }
  expect(records.map(({ remainingMs }) => remainingMs)).toEqual([DEAD_AFTER_MS, DEAD_AFTER_MS]);
  expect(await store.inspect('k2', call)).toMatchObject({ remainingMs: 0 });
});
