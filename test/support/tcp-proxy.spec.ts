import { afterEach, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { sleep, until } from './fixtures.js';
import { TcpProxy } from './tcp-proxy.js';

let server: Server;
let proxy: TcpProxy;
let client: Socket;
afterEach(async () => {
  await proxy.stop();
  client.destroy();
  server.close();
});

it('keeps the order of a stream when a delay grows, shrinks, and ends in a black hole', async () => {
  let heard = '';
  server = createServer(socket => {
    socket.on('data', chunk => (heard += String(chunk)));
    socket.on('error', () => socket.destroy()); // the proxy ends by a reset
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await TcpProxy.start({ host: '127.0.0.1', port: (server.address() as { port: number }).port });
  client = connect({ port: proxy.port, host: proxy.host, noDelay: true });
  client.on('error', () => client.destroy());
  const say = async (text: string, delayMs: number): Promise<void> => {
    proxy.delay(delayMs);
    client.write(text);
    await sleep(10); // a chunk of its own
  };
  await say('a', 0);
  await until(() => heard === 'a', 2000, 'the connection');
  await say('b', 400);
  await say('c', 200);
  await say('d', 0);
  proxy.blackHole();
  await say('e', 0);
  proxy.heal('deliver');
  await until(() => heard.length === 5, 2000, 'all that was sent');
  expect(heard).toBe('abcde');
});
