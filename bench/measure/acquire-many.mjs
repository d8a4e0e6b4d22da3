/**
 * @param {(key: string) => Promise<unknown>} acquire
 * @param {{ leases: number, concurrency: number }} options
 * @returns {Promise<unknown[]>} a handle for each
 */
export async function acquireMany(acquire, { leases, concurrency }) {
  const handles = [];
  let begun = 0;
  const loop = async () => {
    while (begun < leases) handles.push(await acquire(`bench-held-${begun++}`));
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  return handles;
}
