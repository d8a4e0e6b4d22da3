import { describeHold, holdLeases } from '../measure/hold-leases.mjs';

/** A great number of leases for minutes. */
export async function heldLong({ redis, settings, log }) {
  const run = await holdLeases(redis, { contender: 'ours', ...settings.long });
  log(`held-long: ${describeHold(run)}`);
  return { settings: settings.long, run };
}
