/** One process's time with a shard, or a slot; times are those of `machineMs`. */
export interface Service {
  readonly pid: number;
  readonly shard: number;
  readonly token: number;
  readonly from: number;
  /** When its last piece of work had ended; `Infinity` while it goes on. */
  readonly to: number;
  /** It ended because its process died. */
  readonly isKilled: boolean;
}

/** What one worker printed of its services, until `diedAt` if it was killed. */
export function servicesIn(lines: readonly string[], pid: number, diedAt: number | undefined): Service[] {
  const isKilled = diedAt !== undefined;
  const open = new Map<string, Service>();
  const services: Service[] = [];
  for (const [what, shard, token, at] of lines.map(line => line.split(' '))) {
    const id = `${shard} ${token}`;
    if (what === 'began') {
      const of = { pid, shard: Number(shard), token: Number(token) };
      open.set(id, { ...of, from: Number(at), to: diedAt ?? Infinity, isKilled });
    } else if (what === 'ended') {
      services.push({ ...open.get(id)!, to: Number(at), isKilled: false });
      open.delete(id);
    }
  }
  return [...services, ...open.values()];
}

/** Each service of a shard with the one after it. */
function successions(services: readonly Service[]): [Service, Service][] {
  const sorted = [...services].sort((one, other) => one.shard - other.shard || one.from - other.from);
  return sorted.slice(1).flatMap((after, place) => {
    const before = sorted[place]!;
    return before.shard === after.shard ? [[before, after] as [Service, Service]] : [];
  });
}

/** What must not be: two at once, or a token that does not grow. */
export function violations(services: readonly Service[]): string[] {
  return successions(services).flatMap(([before, after]) => {
    const what = `shard ${after.shard}, token ${before.token} then ${after.token}`;
    const overlapMs = before.to - after.from;
    return [
      ...(overlapMs > 0 ? [`${what}: served by two for ${overlapMs.toFixed(1)} ms`] : []),
      ...(after.token <= before.token ? [`${what}: not newer`] : []),
    ];
  });
}

/** How long shards that were handed over were idle, in ms. Of the dead nothing is handed over. */
export function idleTimes(services: readonly Service[]): number[] {
  const handOvers = successions(services).filter(([before]) => !before.isKilled);
  return handOvers.map(([before, after]) => after.from - before.to);
}
