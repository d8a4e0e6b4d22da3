import fc from 'fast-check';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { LeaseAttributes, LeaseData } from '../../lib/core/lease-store.js';
import type { Commands, RowMatch } from '../../lib/stores/dynamodb/commands.js';
import type { Item, RowClient } from '../../lib/stores/dynamodb/row-client.js';
import { call } from '../support/fixtures.js';

/** A command of ours, for whichever table. `versions` are those of the rows as they stand. */
export interface TableStep {
  readonly name: string;
  send(commands: Commands, client: RowClient, versions: readonly string[]): Promise<Answer>;
}

type Answer = { Attributes?: Item; Item?: Item; Items?: Item[]; LastEvaluatedKey?: Item };

const KEYS = ['a', 'ab', 'a/b', 'ü🔒'];
const key = fc.constantFrom(...KEYS);
const owner = fc.constantFrom('me', 'me2', 'you', 'a:b', '%', 'ü🔒', ':~released:1');
const sequence = fc.constantFrom(0, 1, 2, 3, 10, Number.MAX_SAFE_INTEGER);
const fencingToken = fc.constantFrom(101, 102, 103, 104, 105);
const sentAt = fc.oneof(fc.nat(1000), fc.double({ min: 0, max: 1e15, noNaN: true }));
const ttlMs = fc.oneof(
  fc.constantFrom(0, 50, 999.5, 20_000, 3_600_001),
  fc.double({ min: 1, max: 3e9, noNaN: true }),
);
const bytes = fc.uint8Array({ maxLength: 8 }).map(array => Uint8Array.from(array));
const text = fc.string({ unit: 'binary', maxLength: 8 });
const data = fc.option<LeaseData | null, undefined>(fc.oneof(text, bytes, fc.constant(null)), {
  nil: undefined,
});
const attributes = fc.option<LeaseAttributes, undefined>(
  fc.dictionary(
    fc.constantFrom('n', 'with space', '#x', ':y', 'a.b', 'size', 'ключ'),
    fc.oneof(text, fc.boolean(), fc.integer(), fc.constantFrom(1.5, -0.25, 1e20, 1.25e-7)),
    { maxKeys: 3, noNullPrototype: true },
  ),
  { nil: undefined },
);
const holder = fc.option(fc.constant({ host: 'hôst', pid: 1, since: '2026-01-01T00:00:00.000Z' }), {
  nil: undefined,
});
/** Which of the versions at hand; often one that is not. */
const seen = fc.option(fc.nat(9), { freq: 4 });
const request = fc.record({ key, owner, ttlMs, sentAt, sequence, fencingToken, data, attributes });
const acquisition = fc.record({ holder, mustExist: fc.boolean(), onlyIfDead: fc.boolean() });
const match = fc.oneof(
  fc.constant({ kind: 'owner' as const }),
  fc.record({ kind: fc.constant('newer' as const), sequence }),
  fc.record({ kind: fc.constant('seen' as const), seen }),
);
const token = fc.option(fencingToken, { nil: undefined, freq: 2 });

function versionAt(index: number | null, versions: readonly string[]): string {
  return index === null ? 'foreign' : (versions[index % Math.max(1, versions.length)] ?? 'foreign');
}

function rowMatch(
  drawn: typeof match extends fc.Arbitrary<infer T> ? T : never,
  by: string,
  versions: readonly string[],
): RowMatch {
  if (drawn.kind === 'owner') return { owner: by };
  if (drawn.kind === 'newer') return { owner: by, newerThan: drawn.sequence };
  return { version: versionAt(drawn.seen, versions) };
}

function step<T>(
  name: string,
  draw: fc.Arbitrary<T>,
  send: (...of: [T, ...Parameters<TableStep['send']>]) => Promise<Answer>,
) {
  return draw.map((drawn): TableStep & fc.WithToStringMethod => ({
    name: `${name} ${fc.stringify(drawn)}`,
    send: (...rest) => send(drawn, ...rest),
    [fc.toStringMethod]: () => `${name} ${fc.stringify(drawn)}`,
  }));
}

const STEPS = [
  step(
    'acquire',
    fc.tuple(request, acquisition, fc.option(seen)),
    ([request, own, observed], commands, client, versions) => {
      const version = observed === null ? undefined : versionAt(observed, versions);
      return client.update(commands.acquire({ ...request, ...own }, 100, version), call);
    },
  ),
  step('renew', request, (request, commands, client) => client.update(commands.renew(request), call)),
  step('rearm', fc.tuple(request, seen), ([request, index], commands, client, versions) => {
    const { key, ttlMs } = request;
    return client.update(
      commands.rearm(key, versionAt(index, versions), { state: 'held', ...request }, ttlMs),
      call,
    );
  }),
  step('release', fc.tuple(request, token, match), ([request, token, drawn], commands, client, versions) =>
    client.update(
      commands.release({ ...request, fencingToken: token }, rowMatch(drawn, request.owner, versions)),
      call,
    ),
  ),
  step('keep', fc.tuple(request, token, match), ([request, token, drawn], commands, client, versions) => {
    const release = { ...request, fencingToken: token, keepForMs: request.ttlMs };
    return client.update(commands.keep(release, rowMatch(drawn, request.owner, versions), 77), call);
  }),
  step('delete', fc.tuple(request, token), ([request, token], commands, client) =>
    client.delete(commands.deleteRow({ ...request, fencingToken: token }), call),
  ),
  step('free', fc.tuple(request, seen), ([request, index], commands, client, versions) =>
    client.update(commands.free(request.key, versionAt(index, versions), request), call),
  ),
  step('revoke', fc.tuple(request, seen), ([request, index], commands, client, versions) => {
    const revoked = { ...request, state: 'revoked' } as const;
    return client.update(commands.revoke(request.key, versionAt(index, versions), revoked), call);
  }),
  step('get', key, (key, commands, client) => client.get(commands.get(key), call)),
  step('list', fc.constantFrom('', 'a', 'a/', 'ü', 'x'), (prefix, commands, client) =>
    client.scan(commands.list(prefix, undefined), call),
  ),
];

/** Any sequence of our commands, on few keys and by few owners, so that they meet. */
export function tableSteps(maxLength: number): fc.Arbitrary<TableStep[]> {
  return fc.array(fc.oneof(...STEPS), { minLength: 1, maxLength, size: 'max' });
}

const scalar: fc.Arbitrary<AttributeValue> = fc.oneof(
  text.map(S => ({ S })),
  fc.integer().map(N => ({ N: `${N}` })),
  fc.boolean().map(BOOL => ({ BOOL })),
  bytes.map(B => ({ B })),
  fc.constant<AttributeValue>({ NULL: true }),
  fc.constant<AttributeValue>({ SS: ['a', 'b'] }),
  fc.constant<AttributeValue>({ L: [{ S: 'x' }] }),
  fc.constant<AttributeValue>({ M: { x: { N: '1' } } }),
);
const version = fc.oneof(
  text,
  fc.constantFrom(
    'me:0000000000000001:5',
    'me:~revoked:0000000000000001:101',
    'me:~kept:101:7',
    'me:~released:101',
    'you',
  ),
);

/** A text that may belong there, or what may not. */
function textOr(values: fc.Arbitrary<string>): fc.Arbitrary<AttributeValue> {
  return fc.oneof(
    values.map(S => ({ S })),
    scalar,
  );
}

/** A row as anybody may have left it: any field missing, or of any type. */
export const anyRow: fc.Arbitrary<Item> = fc
  .record(
    {
      ownerName: textOr(text),
      leaseDuration: textOr(fc.constantFrom('1s', '20000', '1m0.5s', 'x', '-1s')),
      recordVersionNumber: textOr(version),
      fencingToken: fc.oneof(
        fencingToken.map(N => ({ N: `${N}` })),
        scalar,
      ),
      isReleased: scalar,
      data: scalar,
      dataIsText: scalar,
      holder: textOr(fc.constantFrom('{}', '[]', '{', 'null', '"x"')),
      n: scalar,
    },
    { requiredKeys: [], noNullPrototype: true },
  )
  .map(row => row as Item);
