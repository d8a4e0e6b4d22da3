import type { HolderInfo, LeaseStore } from '../core/lease-store.js';

/**
 * A store for users' unit tests that grants every key to everybody at once, and never ends a lease. It keeps nothing:
 * `inspect` and `list` find no key. Tokens count from 1, hence do not use it beside a real store.
 */
export function alwaysGrantedStore(): LeaseStore {
  let lastToken = 0;
  return {
    name: 'always-granted',
    expiry: 'server',
    acquire: async ({ sentAt, data, attributes }) => ({
      kind: 'granted',
      fencingToken: (lastToken += 1),
      sentAt,
      data: data ?? undefined,
      attributes,
    }),
    renew: async ({ sentAt }) => ({ kind: 'renewed', sentAt }),
    release: async () => ({ kind: 'released' }),
    ...EMPTY,
  };
}

/** A store for users' unit tests in which another holds every key for ever: what is busy stays so. */
export function alwaysHeldStore(holder?: HolderInfo): LeaseStore {
  return {
    name: 'always-held',
    expiry: 'server',
    acquire: async () => ({ kind: 'held', owner: 'another', holder }),
    renew: async () => ({ kind: 'not-held' }),
    release: async () => ({ kind: 'not-held' }),
    ...EMPTY,
    inspect: async key => ({ key, isHeld: true, owner: 'another', holder }),
  };
}

const EMPTY: Pick<LeaseStore, 'inspect' | 'list' | 'revoke'> = {
  inspect: async () => null,
  list: async function* () {},
  revoke: async () => false,
};
