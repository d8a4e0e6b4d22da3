/** What a message asks of the server; for faults that concern one kind of message, and for the timeline. */
export interface Message {
  /** `acquire`, `renew`, `release`, `inspect`, `list`, `revoke`, `subscribe`, … */
  readonly name: string;
  readonly key?: string;
  /** Of a message about several keys, all of them; `key` is then the first. */
  readonly keys?: readonly string[];
}

/** One client's way to the server. What befalls a message on it is drawn from the seed of the run. */
export interface Link {
  /**
   * Sends a message. `apply` runs at the server when the message arrives: not at all when it is lost, twice when it is
   * delivered twice. Resolves when the reply arrives, rejects with what `apply` throws, and never settles when either was lost.
   */
  exchange<T>(message: Message, apply: () => T): Promise<T>;
  /** The server tells the client something unasked: `deliver` runs when that arrives, or never. */
  push(deliver: () => void): void;
}
