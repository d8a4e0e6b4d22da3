import fc from 'fast-check';

/** By whom it says to be; a stranger whose name begins alike; or with a token that is another's. */
export const forgery = fc.constantFrom(
  'none',
  'none',
  'none',
  'longer owner',
  'shorter owner',
  'token - 1',
  'token + 1',
);

/** @returns the request as the forger sends it */
export function forged<R extends { owner: string; fencingToken?: number }>(request: R, how: string): R {
  const { owner, fencingToken: token = 1 } = request;
  if (how === 'longer owner') return { ...request, owner: `${owner}0` };
  if (how === 'shorter owner') return { ...request, owner: [...owner].slice(0, -1).join('') };
  if (how === 'none') return request;
  return { ...request, fencingToken: how === 'token - 1' ? token - 1 : token + 1 };
}
