import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { oneConnection, type RedisClient } from '../../../lib/stores/redis/redis-client.js';
import { clientSource } from '../../../lib/stores/redis/client-source.js';
import { SCRIPTS } from '../../../lib/stores/redis/scripts.generated.js';
import { systemClock } from '../../../lib/platform/system-clock.js';
import { createSeededRandom, VirtualClock } from '../../../lib/testing/index.js';
import { fresh, rejection, until } from '../../support/fixtures.js';
import { defaultRedisServer, type RedisServer } from '../../support/redis-server.js';
import { RedisModel } from './redis-model.js';
import { retryDelayMs, SimulatedRedisClient } from './simulated-redis-client.js';
import { StoppableLink } from './stoppable-link.js';

const EVENTS = ['connecting', 'ready', 'error', 'close', 'reconnecting', 'end', 'message'];

/** Notes each event of a client, once listened to. */
function eventsOf(client: RedisClient): string[] {
  const events: string[] = [];
  for (const event of EVENTS) client.on(event, () => void events.push(event));
  return events;
}

describe('A simulated client', () => {
  let clock: VirtualClock;
  let server: RedisModel;
  let link: StoppableLink;
  let client: SimulatedRedisClient;
  beforeEach(async () => {
    clock = new VirtualClock();
    server = new RedisModel({ clock });
    link = new StoppableLink();
    client = new SimulatedRedisClient({ server, link, clock, random: createSeededRandom(1) });
    await client.connect();
  });
  afterEach(async () => {
    client.disconnect();
    await clock.settle();
    expect({ timers: clock.armedTimers, connections: server.connections }).toEqual({
      timers: 0,
      connections: 0,
    });
  });

  it('hears no reply after disconnect, though the command was applied', async () => {
    const loading = client.script('LOAD', SCRIPTS.inspect.source);
    client.disconnect();
    expect(await rejection(loading)).toMatchObject({ message: 'Connection is closed.' });
    expect(client.status).toBe('end');
    expect(server.evalsha(SCRIPTS.inspect.sha1, 2, ['lease', 'data'])).toEqual([Buffer.from('free'), []]);
    expect(await rejection(client.info('server'))).toMatchObject({ message: 'Connection is closed.' });
  });

  it('is ready again after a restart; what was on its way to the old server is applied by neither', async () => {
    link.hold('requests');
    const loading = client.script('LOAD', SCRIPTS.inspect.source);
    server.restart({ keeps: 'all' });
    expect(await rejection(loading)).toMatchObject({ name: 'MaxRetriesPerRequestError' });
    expect(client.status).toBe('reconnecting');
    link.release();
    await clock.advance(50);
    expect(client.status).toBe('ready');
    expect(() => server.evalsha(SCRIPTS.inspect.sha1, 2, [])).toThrow('NOSCRIPT');
    expect(await client.info('server')).toContain('uptime_in_seconds:0');
  });

  it('tries again with growing delays while the server is down', async () => {
    server.stop({ keeps: 'nothing' });
    const events = eventsOf(client);
    await clock.advance(20);
    expect(events).toEqual(['close', 'reconnecting']);
    await clock.advance(980);
    const attempts = events.filter(event => event === 'error').length;
    expect(attempts).toBeGreaterThanOrEqual(4);
    expect(attempts).toBeLessThanOrEqual(6);
    server.start();
    await clock.advance(1000);
    expect(client.status).toBe('ready');
  });

  it('refuses commands at once while it has no connection, as never sent', async () => {
    client.stream!.destroy();
    expect(client.status).toBe('ready');
    for (const command of [client.info('server'), client.subscribe('channel')])
      expect((await rejection(command)).message).toMatch('enableOfflineQueue options is false');
  });

  it('hands replies over in the order of the commands, and after a lost one none until it is given up', async () => {
    const heard: string[] = [];
    const ask = (name: string): void =>
      void client.info('server').then(
        () => heard.push(name),
        (error: Error) => heard.push(`${name}: ${error.name}`),
      );
    link.hold('replies');
    ask('first');
    await clock.settle();
    link.release({ except: 1 });
    ask('second');
    await clock.settle();
    expect(heard).toEqual([]);
    link.release();
    await clock.settle();
    expect(heard).toEqual(['first', 'second']);
    link.loseNext();
    ask('lost');
    ask('behind it');
    await clock.advance(4999);
    expect(heard).toHaveLength(2);
    await clock.advance(1);
    expect(heard.slice(2)).toEqual([
      'lost: MaxRetriesPerRequestError',
      'behind it: MaxRetriesPerRequestError',
    ]);
  });

  it('gives a connection up that does not come to stand within 5 s', async () => {
    link.loseNext();
    const other = client.duplicate(oneConnection('other'));
    const events = eventsOf(other);
    const connecting = other.connect();
    await clock.advance(4999);
    expect(other.status).toBe('connecting');
    const failure = rejection(connecting);
    await clock.advance(1);
    expect(await failure).toMatchObject({ message: 'Connection is closed.' });
    expect(events).toEqual(['connecting', 'error', 'close', 'end']);
  });

  it('does not reconnect where the options of one connection say so', async () => {
    const other = client.duplicate(oneConnection('other'));
    await other.connect();
    other.stream!.destroy();
    await clock.advance(5000);
    expect(other.status).toBe('end');
  });

  it('is told what is published, from the subscription on, until it leaves', async () => {
    const other = client.duplicate(oneConnection('other'));
    await other.connect();
    const heard: string[] = [];
    other.on('message', (...words: string[]) => void heard.push(words.join()));
    const publish = async (text: string): Promise<void> => {
      server.command('PUBLISH', 'käse', text);
      await clock.settle();
    };
    await publish('early');
    await other.subscribe('käse');
    await publish('freed');
    await other.unsubscribe('käse');
    await publish('late');
    await other.subscribe('käse');
    other.disconnect();
    await publish('too late');
    expect(heard).toEqual(['käse,freed']);
  });

  it('names its messages by what the scripts do, and by the lock key', async () => {
    const own = new SimulatedRedisClient({ server, link, clock, random: createSeededRandom(2) });
    link.sent.length = 0;
    await own.connect();
    const { lease, data } = server.keys.of('a {key}');
    await rejection(own.evalshaBuffer(SCRIPTS.release.sha1, 2, [lease, data]));
    await rejection(own.evalshaBuffer('hash of a guarded acquire', 3, [lease, data]));
    const another = server.keys.of('another');
    const words = [lease, data, another.lease, another.data];
    await rejection(own.evalshaBuffer(SCRIPTS.release.sha1, 4, words));
    await own.subscribe(lease);
    await own.scan('0', 'MATCH', '*');
    own.disconnect();
    expect(link.sent).toEqual([
      { name: 'connect' },
      ...['release', 'acquire'].map(name => ({ name, key: 'a {key}', keys: ['a {key}'] })),
      { name: 'release', key: 'a {key}', keys: ['a {key}', 'another'] },
      { name: 'subscribe', key: 'a {key}' },
      { name: 'list' },
    ]);
  });

  it('fails loudly on a command that the model does not have', async () => {
    expect(() => server.command('LPUSH', 'list', 'item')).toThrow('has no command LPUSH');
  });
});

describe('A simulated client and ioredis', () => {
  let real: RedisServer;
  beforeAll(async () => {
    real = await defaultRedisServer();
  });
  afterAll(() => real.stop());

  it('tell of the same events when a connection breaks and is closed, of themselves and of a subscriber', async () => {
    const server = new RedisModel({ clock: systemClock });
    const random = createSeededRandom(3);
    const ioredis = await clientSource({ url: real.url }, random).open();
    const simulated = new SimulatedRedisClient({
      server,
      link: new StoppableLink(),
      clock: systemClock,
      random,
    });
    const [expected, actual] = [await lifeOf(ioredis), await lifeOf(simulated)];
    expect(actual).toEqual(expected);
    expect(actual).toContain('subscriber: end');
  });

  it('wait for the same time before they connect again', async () => {
    const source = clientSource({ url: real.url }, createSeededRandom(4));
    const client = (await source.open()) as unknown as { options: { retryStrategy(times: number): number } };
    const random = createSeededRandom(4);
    for (let times = 1; times <= 12; times++)
      expect(retryDelayMs(times, random)).toBe(client.options.retryStrategy(times));
    (client as unknown as RedisClient).disconnect();
  });
});

/** What a client, and a subscriber made from it, tell while connections break. */
async function lifeOf(client: RedisClient): Promise<string[]> {
  const events = eventsOf(client);
  const told: string[] = [];
  const note = (what: string): void => void told.push(what, ...events.splice(0));
  await client.connect();
  note('connected');
  const subscriber = client.duplicate(oneConnection(fresh('lock-hints')));
  for (const event of EVENTS) subscriber.on(event, () => void told.push(`subscriber: ${event}`));
  await subscriber.connect();
  await subscriber.subscribe(fresh('channel'));
  subscriber.stream!.destroy();
  await until(() => subscriber.status === 'end', 5000, 'the end of the subscriber');
  const refused = [client.info('server'), client.info('memory')];
  client.stream!.destroy();
  for (const promise of refused) {
    const { name, message } = (await rejection(promise)) as Error;
    told.push(`${name}: ${message}`);
  }
  await until(() => client.status === 'ready', 5000, 'the client to be ready again');
  note('reconnected');
  await rejection(client.connect()).then(({ message }: Error) => told.push(message));
  client.disconnect();
  await until(() => client.status === 'end', 5000, 'the end of the client');
  await new Promise(resolve => setTimeout(resolve, 20));
  note('closed');
  await rejection(client.info('server')).then(({ message }: Error) => told.push(message));
  return told;
}
