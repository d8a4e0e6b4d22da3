import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import { HttpProxy } from './http-proxy.js';

describe('HttpProxy', () => {
  let service: Server;
  /** Operations that the service has got, in order. */
  let applied: string[];
  let proxy: HttpProxy;

  beforeEach(async () => {
    applied = [];
    service = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        applied.push(`${operationOf(request.headers['x-amz-target'])} ${text}`);
        response.setHeader('x-served', 'yes');
        response.end(`{"echo":${text}}`);
      });
    });
    await new Promise<void>(resolve => service.listen(0, '127.0.0.1', resolve));
    proxy = await HttpProxy.start(`http://127.0.0.1:${(service.address() as { port: number }).port}`);
  });
  afterEach(async () => {
    await proxy.stop();
    service.closeAllConnections();
    await new Promise(resolve => service.close(resolve));
  });

  /** @returns status and body, or 'no answer' */
  async function send(operation: string, body: object = {}, timeoutMs = 2000): Promise<string> {
    try {
      const response = await fetch(proxy.endpoint, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'x-amz-target': `DynamoDB_20120810.${operation}` },
        signal: AbortSignal.timeout(timeoutMs),
      });
      return `${response.status} ${await response.text()}`;
    } catch (error) {
      return (error as Error).name === 'TimeoutError' ? 'hung' : 'no answer';
    }
  }

  it('forwards, and remembers operation and body', async () => {
    expect(await send('GetItem', { a: 1 })).toBe('200 {"echo":{"a":1}}');
    expect(await send('UpdateItem')).toBe('200 {"echo":{}}');
    expect(proxy.seen).toEqual([
      { operation: 'GetItem', body: { a: 1 }, isForwarded: true },
      { operation: 'UpdateItem', body: {}, isForwarded: true },
    ]);
    expect([proxy.count(), proxy.count('GetItem'), proxy.count('Scan')]).toEqual([2, 1, 0]);
    proxy.resetCounts();
    expect(proxy.count()).toBe(0);
  });

  it('does a fault to the requests in its scope only, and as often as told', async () => {
    proxy.inject(
      { kind: 'answer', with: 'throttling' },
      { times: 2, operation: 'UpdateItem', when: body => body.mine === true },
    );
    expect(await send('GetItem', { mine: true })).toContain('200');
    expect(await send('UpdateItem', { mine: false })).toContain('200');
    for (const _ of [1, 2]) {
      expect(await send('UpdateItem', { mine: true })).toMatch(/^400 .*#ProvisionedThroughputExceeded/);
    }
    expect(await send('UpdateItem', { mine: true })).toContain('200');
    expect(applied).toHaveLength(3);
  });

  it.each([
    [{ kind: 'answer', with: 'unavailable' }, '503 <html', 0],
    [{ kind: 'answer', with: 'internal-error' }, '500 {"__type"', 0],
    [{ kind: 'answer', with: 'internal-error', applied: true }, '500 {"__type"', 1],
    [{ kind: 'answer', with: 'throttling', applied: true }, '400 {"__type"', 1],
    [{ kind: 'drop-reply', then: 'reset' }, 'no answer', 1],
    [{ kind: 'drop-reply', then: 'hang' }, 'hung', 1],
    [{ kind: 'reset' }, 'no answer', 0],
  ] as const)('%j: the client gets %s, the service %i', async (fault, answer, count) => {
    proxy.inject(fault);
    const timeoutMs = answer === 'hung' ? 200 : 2000;
    expect((await send('UpdateItem', {}, timeoutMs)).startsWith(answer)).toBe(true);
    expect(applied).toHaveLength(count);
    expect(await send('UpdateItem')).toContain('200');
  });

  it('delivers a delayed request although its sender has gone', async () => {
    proxy.inject({ kind: 'delay-request', ms: 300 });
    expect(await send('UpdateItem', {}, 100)).toBe('hung');
    expect(applied).toEqual([]);
    await until(() => applied.length === 1);
  });

  it('delays a reply after the service has got the request', async () => {
    proxy.inject({ kind: 'delay-reply', ms: 200 });
    const reply = send('UpdateItem');
    await until(() => applied.length === 1);
    const appliedAtMs = performance.now();
    expect(await reply).toContain('200');
    expect(performance.now() - appliedAtMs).toBeGreaterThan(150);
  });

  it.each([
    ['to-server', 0],
    ['to-client', 1],
    ['both', 0],
  ] as const)(
    'a black hole %s hangs; after it, what was swallowed is delivered or reset',
    async (direction, count) => {
      for (const how of ['deliver', 'reset'] as const) {
        applied = [];
        proxy.blackHole(direction);
        const waiting = send('UpdateItem');
        expect(await send('UpdateItem', {}, 150)).toBe('hung');
        expect(applied).toHaveLength(count * 2);
        proxy.heal(how);
        expect(await waiting).toMatch(how === 'deliver' ? '200' : 'no answer');
        expect(await send('GetItem')).toContain('200');
        await until(() => applied.length === (how === 'deliver' ? 3 : count * 2 + 1));
      }
    },
  );

  it('refuses connections while told to', async () => {
    proxy.refuse(true);
    expect(await send('GetItem')).toBe('no answer');
    proxy.refuse(false);
    expect(await send('GetItem')).toContain('200');
    proxy.reset();
    await until(() => proxy.openConnections === 0);
  });
});

function operationOf(target: string | string[] | undefined): string {
  return String(target).split('.').pop() ?? '';
}

async function until(condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 2000;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error('waited in vain');
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}
