import type { RedisClient } from './redis-client.js';

/**
 * Whether Redis itself answers on a connection, and no proxy, of which only Redis can tell: it names both ends of the connection
 * as the socket here does. A proxy has another connection to Redis, with another end. Where addresses are translated on the
 * way they differ, too, and the answer is no, as it is where Redis does not tell (before 6.2, or without the right).
 */
export async function isAnsweredByRedis(client: RedisClient): Promise<boolean> {
  const { stream } = client;
  const here = endOf(stream?.localAddress, stream?.localPort);
  const there = endOf(stream?.remoteAddress, stream?.remotePort);
  if (here === undefined || there === undefined || client.client === undefined) return false;
  try {
    const info = String(await client.client('INFO'));
    const seen = (name: string): string | undefined => new RegExp(`(?:^| )${name}=(\\S+)`).exec(info)?.[1];
    // A proxy on this machine may by chance come from the same port of the same address, but not lead to the same end.
    const isSameMachine = stream?.localAddress === stream?.remoteAddress;
    return seen('addr') === here && (!isSameMachine || seen('laddr') === there);
  } catch {
    return false;
  }
}

/** As Redis writes it. */
function endOf(address: string | undefined, port: number | undefined): string | undefined {
  if (address === undefined || port === undefined) return undefined;
  const plain = address.replace(/^::ffff:/, '');
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`;
}
