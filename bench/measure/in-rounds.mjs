/**
 * Measures every name once per round, so that whatever else the machine does falls on all alike. Each round starts with another
 * name.
 *
 * @template T
 * @param {number} rounds
 * @param {readonly string[]} names
 * @param {(name: string, round: number) => Promise<T>} measure
 * @returns {Promise<Record<string, T[]>>} by name, in the order of rounds
 */
export async function inRounds(rounds, names, measure) {
  /** @type {Record<string, T[]>} */
  const results = Object.fromEntries(names.map(name => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const first = round % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      results[name].push(await measure(name, round));
    }
  }
  return results;
}
