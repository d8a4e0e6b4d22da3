import { describe, expect, it } from '@jest/globals';
import { EventHub, type LockEvents } from '../../lib/core/events.js';

const EVENT: LockEvents['waiting'] = { key: 'k' };

describe('events', () => {
  it('reach every listener of their name, in order, synchronously', () => {
    const hub = new EventHub();
    const heard: string[] = [];
    hub.on('waiting', ({ key }) => heard.push(`first ${key}`));
    hub.on('waiting', ({ key }) => heard.push(`second ${key}`));
    hub.on('lost', () => heard.push('lost'));
    hub.emit('waiting', EVENT);
    expect(heard).toEqual(['first k', 'second k']);
  });

  it('a listener that throws disturbs neither the sender nor the others', () => {
    const hub = new EventHub();
    const errors: unknown[] = [];
    let heard = 0;
    hub.on('waiting', () => {
      throw new Error('mine');
    });
    hub.on('waiting', () => heard++);
    hub.on('listener-error', event => errors.push(event));
    hub.emit('waiting', EVENT);
    expect(heard).toBe(1);
    expect(errors).toEqual([{ event: 'waiting', error: new Error('mine') }]);
  });

  it('a listener-error listener that throws is not told of itself', () => {
    const hub = new EventHub();
    let calls = 0;
    hub.on('listener-error', () => {
      calls++;
      throw new Error('again');
    });
    hub.guard('acquired', () => {
      throw new Error('mine');
    });
    expect(calls).toBe(1);
  });

  it('one function subscribed twice is two listeners, each with its own end', () => {
    const hub = new EventHub();
    let heard = 0;
    const listener = (): void => void heard++;
    const offFirst = hub.on('waiting', listener);
    hub.on('waiting', listener);
    hub.emit('waiting', EVENT);
    expect(heard).toBe(2);
    offFirst();
    offFirst();
    hub.emit('waiting', EVENT);
    expect(heard).toBe(3);
  });

  it('a listener that subscribes or unsubscribes while it is told changes the next event, not this one', () => {
    const hub = new EventHub();
    const heard: string[] = [];
    const off = hub.on('waiting', () => {
      heard.push('first');
      off();
      hub.on('waiting', () => heard.push('later'));
    });
    hub.emit('waiting', EVENT);
    hub.emit('waiting', EVENT);
    expect(heard).toEqual(['first', 'later']);
  });
});
