import { createConnection, createServer } from 'node:net';
import { RespFrames } from './resp-frames.mjs';

/**
 * A TCP proxy in front of Redis that counts what passes.
 *
 * @param {number} port of Redis on the loopback interface
 */
export async function startCountingProxy(port) {
  const sockets = new Set();
  const proxy = { url: '', counts: emptyCounts(), reset, stop };
  const server = createServer({ noDelay: true }, client => {
    const upstream = createConnection({ host: '127.0.0.1', port, noDelay: true });
    const commands = new RespFrames();
    const replies = new RespFrames();
    pump(client, upstream, chunk => {
      proxy.counts.bytesOut += chunk.length;
      for (const frame of commands.push(chunk)) countCommand(proxy.counts, frame);
    });
    pump(upstream, client, chunk => {
      proxy.counts.bytesIn += chunk.length;
      proxy.counts.replies += replies.push(chunk).length;
    });
  });

  function pump(from, to, look) {
    sockets.add(from);
    from.on('data', chunk => {
      look(chunk);
      to.write(chunk);
    });
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => sockets.delete(from));
  }
  function reset() {
    proxy.counts = emptyCounts();
  }
  async function stop() {
    for (const socket of sockets) socket.destroy();
    await new Promise(resolve => server.close(resolve));
  }

  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  proxy.url = `redis://127.0.0.1:${server.address().port}`;
  return proxy;
}

/** `replies` includes push messages. */
function emptyCounts() {
  return { bytesOut: 0, bytesIn: 0, replies: 0, commands: /** @type {Record<string, number>} */ ({}) };
}

function countCommand({ commands }, frame) {
  const name = /^\*\d+\r\n\$\d+\r\n([^\r]+)/.exec(frame.toString('latin1', 0, 64))?.[1].toLowerCase() ?? '?';
  commands[name] = (commands[name] ?? 0) + 1;
}
