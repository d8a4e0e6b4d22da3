/**
 * A fenced resource as a process of its own: one line of JSON per request and answer. It writes each access down before it
 * answers. Nothing in chaos harms it or the way to it.
 */
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import type { FenceReply, FenceRequest } from './fence-client.js';
import { FencedResource } from './fenced-resource.js';
import { Journal, monotonicMs, type Access } from './journal.js';

const journal = new Journal<Access>(process.env.JOURNAL!);
const resource = new FencedResource();
const lastAccepted: Record<string, string> = {};

function answer(request: FenceRequest): FenceReply {
  const { id, op, key } = request;
  if (op === 'last') return { id, accepted: true, value: resource.valueOf(key), lease: lastAccepted[key] };
  const { lease, token, value: wanted } = request;
  const outcome = op === 'read' ? resource.read(key, token) : resource.write(key, token, wanted);
  const value = op === 'read' ? outcome.value : wanted;
  journal.write({ key, lease, op, token, accepted: outcome.accepted, value, at: monotonicMs() });
  if (outcome.accepted) lastAccepted[key] = lease;
  return { id, ...outcome };
}

const server = createServer({ noDelay: true }, socket => {
  socket.on('error', () => socket.destroy());
  const lines = createInterface({ input: socket });
  // It passes on what the socket has to say
  lines.on('error', () => socket.destroy());
  lines.on('line', line => {
    // The last line of a worker that was killed may be cut off
    if (!line.endsWith('}')) return;
    const reply = answer(JSON.parse(line) as FenceRequest);
    if (socket.writable) socket.write(`${JSON.stringify(reply)}\n`);
  });
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => console.log(`port ${(server.address() as AddressInfo).port}`));
