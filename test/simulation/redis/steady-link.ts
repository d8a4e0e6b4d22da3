import type { Link, Message } from '../link.js';

/** A link without faults or delays: each message arrives in a microtask of its own, and so does its reply. */
export function steadyLink(sent: Message[] = []): Link {
  return {
    async exchange(message, apply) {
      sent.push(message);
      await Promise.resolve();
      return apply();
    },
    push: deliver => queueMicrotask(deliver),
  };
}
