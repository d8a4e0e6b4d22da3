import fc from 'fast-check';
import type { HolderInfo, LeaseWrites } from '../../lib/core/lease-store.js';
import { forged, forgery } from './forgery.js';
import type { LeaseModel } from './lease-model.js';
import { writesOf, type Acquisition, type Sendable, type StoreWorld } from './store-world.js';

type Command = fc.AsyncCommand<LeaseModel, StoreWorld>;

const KEYS = ['a', 'ab'];
/** Long enough that no real server ends one while a run lasts; far enough apart that the model tells them apart. */
const TTLS = [60_000, 60_000, 60_000, 90_000.5, 120_000];
const HOLDER: HolderInfo = { service: 'orders', host: 'hôst', pid: 17, since: '2026-01-01T00:00:00.000Z' };
/** What owners end with: none is taken for another's beginning, or for part of a record. */
const SUFFIXES = ['', ':', '%3A', '🔒', ':~released:1'];

const key = fc.constantFrom(...KEYS);
const by = fc.nat(1);
const ttlMs = fc.constantFrom(...TTLS);
const who = fc.oneof({ weight: 3, arbitrary: fc.constant('holder' as const) }, fc.nat(20));
/** Sent but delayed, for {@link resend} to deliver. */
const isDelayed = fc
  .boolean()
  .map(chance => chance)
  .chain(chance => (chance ? fc.boolean() : fc.constant(false)));
const writes: fc.Arbitrary<LeaseWrites> = fc.record({
  data: fc.option(
    fc.constantFrom<NonNullable<LeaseWrites['data']> | null>(
      '',
      'text',
      'ü🔒',
      Uint8Array.of(0, 255),
      new Uint8Array(0),
      null,
    ),
    { nil: undefined },
  ),
  dataTtlMs: fc.option(fc.constantFrom(70_000, 200_000), { nil: undefined }),
  attributes: fc.option(
    fc.constantFrom<NonNullable<LeaseWrites['attributes']>>(
      { n: 1.5 },
      { n: true, 's p': '' },
      { ключ: '0', a: -3 },
    ),
    { nil: undefined },
  ),
});

function command(what: string, run: Command['run']): Command {
  return { check: () => true, run, toString: () => what };
}

function takesDataTtl({ rules }: LeaseModel): boolean {
  return rules.expiry === 'server';
}

/** Sends what was built, unless it is delayed. */
async function deliver(
  model: LeaseModel,
  world: StoreWorld,
  sendable: Sendable,
  draw: { by: number; isDelayed: boolean },
): Promise<void> {
  world.note(sendable);
  if (draw.isDelayed) world.say(`delayed: ${sendable.kind} ${JSON.stringify(sendable.request)}`);
  else await world.send(model, sendable, draw.by);
}

/** A new acquisition, or another attempt of one. */
const acquire = fc
  .record({
    key,
    by,
    ttlMs,
    who: fc.oneof({ weight: 3, arbitrary: fc.constant('new' as const) }, who),
    suffix: fc.constantFrom(...SUFFIXES),
    holder: fc.constantFrom(undefined, HOLDER),
    driftRate: fc.constantFrom(undefined, undefined, 0.05),
    mustExist: fc.constantFrom(undefined, undefined, true),
    onlyIfDead: fc.constantFrom(undefined, undefined, undefined, true),
    writes,
    isDelayed,
  })
  .map(draw =>
    command(`acquire ${fc.stringify(draw)}`, async (model, world) => {
      const known = draw.who === 'new' ? undefined : world.pick(model, world.key(draw.key), draw.who);
      const of = known ?? newAcquisition(world, draw.key, draw.suffix);
      const sentAt = world.sentAt();
      of.needsUntil = Math.max(of.needsUntil, sentAt + draw.ttlMs);
      const { holder, driftRate, mustExist } = draw;
      // After a `held` with `mayBeDead` only
      const onlyIfDead = model.rules.expiry === 'observed' ? draw.onlyIfDead : undefined;
      const own = { key: of.key, owner: of.owner, ttlMs: draw.ttlMs, sentAt };
      const request = {
        ...own,
        holder,
        driftRate,
        mustExist,
        onlyIfDead,
        ...writesOf(draw.writes, takesDataTtl(model)),
      };
      await deliver(model, world, { kind: 'acquire', request, of }, draw);
    }),
  );

function newAcquisition(world: StoreWorld, name: string, suffix: string): Acquisition {
  const owner = `own${world.acquisitions.length}${suffix}`;
  const of: Acquisition = { key: world.key(name), owner, token: undefined, sequence: 0, needsUntil: 0 };
  world.acquisitions.push(of);
  return of;
}

const renew = fc.record({ key, by, ttlMs, who, forgery, writes, isDelayed }).map(draw =>
  command(`renew ${fc.stringify(draw)}`, async (model, world) => {
    const of = world.pick(model, world.key(draw.key), draw.who);
    if (of === undefined) return;
    const { key, owner, token: fencingToken = 1 } = of;
    const timing = world.next(of, draw.ttlMs);
    const request = { key, owner, fencingToken, ...timing, ...writesOf(draw.writes, takesDataTtl(model)) };
    await deliver(model, world, { kind: 'renew', request: forged(request, draw.forgery) }, draw);
  }),
);

const release = fc
  .record({
    key,
    by,
    who,
    forgery,
    writes,
    isDelayed,
    knowsToken: fc.boolean(),
    keepForMs: fc.constantFrom(undefined, undefined, 0, 60_000, 100_000),
  })
  .map(draw =>
    command(`release ${fc.stringify(draw)}`, async (model, world) => {
      const of = world.pick(model, world.key(draw.key), draw.who);
      if (of === undefined) return;
      const { key, owner } = of;
      const fencingToken = draw.knowsToken ? of.token : undefined;
      const writes = writesOf(draw.writes, takesDataTtl(model));
      const sequence = Object.keys(writes).length > 0 ? (of.sequence += 1) : undefined;
      const request = { key, owner, fencingToken, sequence, keepForMs: draw.keepForMs, ...writes };
      await deliver(model, world, { kind: 'release', request: forged(request, draw.forgery) }, draw);
    }),
  );

/** Delivers a request of the past: for the first time, or again. */
const resend = fc.record({ which: fc.nat(8), by }).map(draw =>
  command(`resend ${fc.stringify(draw)}`, async (model, world) => {
    const sendable = world.built.at(-1 - (draw.which % Math.max(1, world.built.length)));
    if (sendable !== undefined) await world.send(model, sendable, draw.by);
  }),
);

/** Requests of the holder that overtake each other: built in order, delivered from the last to the first. */
const overtake = fc
  .record({ key, by, ttls: fc.array(ttlMs, { minLength: 2, maxLength: 3 }), writes, other: writes })
  .map(draw =>
    command(`overtake ${fc.stringify(draw)}`, async (model, world) => {
      const of = world.pick(model, world.key(draw.key), 'holder');
      if (of === undefined) return;
      const { key, owner, token: fencingToken = 1 } = of;
      const built = draw.ttls.map((ttlMs, n): Sendable => {
        const own = writesOf(n === 0 ? draw.writes : draw.other, takesDataTtl(model));
        const timing = world.next(of, ttlMs);
        return world.note({ kind: 'renew', request: { key, owner, fencingToken, ...timing, ...own } });
      });
      for (const sendable of built.reverse()) await world.send(model, sendable, draw.by);
    }),
  );

const revoke = fc
  .record({ key, by, force: fc.boolean(), change: fc.constantFrom(0, 0, 0, -1, 1) })
  .map(draw =>
    command(`revoke ${fc.stringify(draw)}`, async (model, world) => {
      const key = world.key(draw.key);
      const token = model.rows.get(key)?.token ?? 0;
      await world.revoke(model, key, Math.max(1, token + draw.change), draw.force, draw.by);
    }),
  );

/** Ends a lease: by the server, or, where that is not its business, by a contender that watches it to its end. */
const expire = fc.record({ key, by, ttlMs, writes }).map(draw =>
  command(`expire ${fc.stringify(draw)}`, async (model, world) => {
    const key = world.key(draw.key);
    const { store } = world;
    if (store.expire === undefined) {
      const of = newAcquisition(world, draw.key, '');
      for (const waitMs of [0, 140_000]) {
        store.pass?.(waitMs);
        const request = {
          key,
          owner: of.owner,
          ttlMs: draw.ttlMs,
          sentAt: world.sentAt(),
          ...writesOf(draw.writes, false),
        };
        of.needsUntil = request.sentAt + request.ttlMs;
        await world.send(model, { kind: 'acquire', request, of }, draw.by);
      }
    } else {
      world.say(`expire ${key}`);
      await store.expire(key);
      const row = model.rows.get(key);
      if (row !== undefined) Object.assign(row, { state: 'free', claimedUntil: 0 });
      await world.inspect(model, key, draw.by);
    }
  }),
);

const pass = fc.constantFrom(1000, 20_000, 45_000, 61_000, 65_000).map(ms =>
  command(`pass ${ms}`, async (_model, world) => {
    world.say(`pass ${ms}`);
    world.store.pass?.(ms);
  }),
);

const list = fc
  .record({ prefix: fc.constantFrom('', ...KEYS), by })
  .map(draw =>
    command(`list ${fc.stringify(draw)}`, (model, world) =>
      world.list(model, world.key(draw.prefix), draw.by),
    ),
  );

/** Any commands that the port knows, in any order; what is likely to matter comes more often. */
export function storeCommands(maxCommands: number, replayPath?: string): fc.Arbitrary<Iterable<Command>> {
  const arbitraries = [
    acquire,
    overtake,
    overtake,
    acquire,
    acquire,
    renew,
    renew,
    release,
    resend,
    resend,
    revoke,
    expire,
    pass,
    list,
  ];
  return fc.commands(arbitraries, { maxCommands, size: 'max', replayPath });
}
