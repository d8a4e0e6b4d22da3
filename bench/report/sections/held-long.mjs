import { HELD_HEADERS, heldCells } from '../held-cells.mjs';
import { number, table } from '../markdown.mjs';

export const title = 'Many leases for minutes';

export function method({ settings: { ttlMs, holdMs } }) {
  return `as above, once, with a TTL of ${number(ttlMs)} ms, for ${number(holdMs / 1000)} s.`;
}

export function tables({ settings, run }) {
  const cells = run.failure === undefined ? heldCells(figure => number(figure(run))) : [run.failure];
  return table(['leases', ...HELD_HEADERS], [[number(settings.leases), ...cells]]);
}
