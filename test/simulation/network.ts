import type { Clock, Timer } from '../../lib/core/ports.js';
import type { Dice } from './dice.js';
import type { Link, Message } from './link.js';
import type { Recorder } from './recorder.js';

/** What may befall the messages of one client while a fault lasts. */
export type LinkTrouble =
  | { readonly kind: 'cut'; readonly loses: 'requests' | 'replies' | 'both' }
  | { readonly kind: 'noise'; readonly odds: number; readonly maxDelayMs: number }
  | { readonly kind: 'slow'; readonly maxDelayMs: number }
  /** The server refuses without applying. */
  | { readonly kind: 'throttle'; readonly odds: number }
  | { readonly kind: 'lose-hints' }
  | Ambush;

/** The worst moment: the reply of a write is lost, the client learns by asking again what has become of it, and then the link is cut. */
interface Ambush {
  readonly kind: 'ambush';
  stage: 'waiting' | 'lost' | 'cut';
  key?: string;
}

const WRITES = ['acquire', 'renew', 'release', 'update'];

export interface LinkParts {
  readonly who: string;
  readonly dice: Dice;
  /** True time, in which messages travel. */
  readonly time: Clock;
  /** The client's: what arrives while it is stopped is heard when it goes on. */
  readonly clock: Clock;
  readonly delayMs: readonly [number, number];
  readonly recorder: Recorder;
  /** Called after a message was applied. */
  onApplied(message: Message): void;
  /** What a throttled server answers. */
  refusal(): Error;
  /** What a client hears of what was on its way when the connection broke. */
  brokenOff(): Error;
}

/** A client's way to the server, and all that can go wrong on it. */
export class SimulatedLink implements Link {
  private readonly troubles = new Set<LinkTrouble>();
  private readonly onItsWay = new Map<(error: Error) => void, Timer | null>();

  constructor(private readonly parts: LinkParts) {}

  /** @returns a function that ends the trouble */
  begin(trouble: LinkTrouble): () => void {
    this.troubles.add(trouble);
    return () => void this.troubles.delete(trouble);
  }

  /** The connection breaks: nobody hears of what was sent, though it may be applied. */
  reset(): void {
    for (const [reject, reply] of [...this.onItsWay]) {
      reply?.cancel();
      this.onItsWay.delete(reject);
      // Heard of when the client's code runs
      this.parts.clock.startTimer(0, () => reject(this.parts.brokenOff()), { unref: true });
    }
  }

  exchange<T>(message: Message, apply: () => T): Promise<Awaited<T>> {
    const { dice } = this.parts;
    const noise = this.noise();
    const losesRequest = dice.chance(noise);
    const losesReply = dice.chance(noise);
    const isTwice = dice.chance(noise);
    const spring = this.ambush(message);
    const [thereMs, backMs, againMs] = [this.delayMs(), this.delayMs(), this.delayMs()];
    return new Promise((resolve, reject) => {
      this.onItsWay.set(reject, null);
      const answer = (settle: () => void): void => {
        if (losesReply || spring === 'lost' || this.isCut('replies')) return;
        if (!this.onItsWay.has(reject)) return;
        const timer = this.parts.clock.startTimer(
          backMs,
          () => {
            this.onItsWay.delete(reject);
            settle();
            if (spring !== null) spring.stage = 'cut';
          },
          { unref: true },
        );
        this.onItsWay.set(reject, timer);
      };
      const arrive = async (): Promise<void> => {
        if (losesRequest || this.isCut('requests')) return;
        try {
          const reply = await this.applied(message, apply);
          answer(() => resolve(reply));
        } catch (error) {
          answer(() => reject(error));
        }
      };
      this.parts.time.startTimer(thereMs, () => void arrive());
      if (isTwice)
        this.parts.time.startTimer(
          thereMs + againMs,
          () => void (this.isCut('requests') || this.applied(message, apply).catch(() => {})),
        );
    });
  }

  push(deliver: () => void): void {
    const isLost = [...this.troubles].some(({ kind }) => kind === 'lose-hints') || this.isCut('replies');
    if (isLost) return;
    this.parts.clock.startTimer(this.delayMs(), deliver, { unref: true });
  }

  private async applied<T>(message: Message, apply: () => T): Promise<Awaited<T>> {
    const { who, recorder, dice } = this.parts;
    for (const trouble of this.troubles) {
      if (trouble.kind !== 'throttle' || !dice.chance(trouble.odds)) continue;
      recorder.tell(who, `${message.name} ${message.key ?? ''} throttled`);
      throw this.parts.refusal();
    }
    try {
      const result = apply();
      const reply = result instanceof Promise ? await result : result;
      recorder.tell(who, `${message.name} ${message.key ?? ''} applied`);
      return reply as Awaited<T>;
    } finally {
      this.parts.onApplied(message);
    }
  }

  private isCut(what: 'requests' | 'replies'): boolean {
    return [...this.troubles].some(
      trouble =>
        (trouble.kind === 'cut' && (trouble.loses === 'both' || trouble.loses === what)) ||
        (trouble.kind === 'ambush' && trouble.stage === 'cut'),
    );
  }

  /** @returns whether the reply of this message is the one that is lost, or the ambush that is sprung once it has arrived */
  private ambush({ name, key }: Message): 'lost' | Ambush | null {
    for (const trouble of this.troubles) {
      if (trouble.kind !== 'ambush') continue;
      if (trouble.stage === 'lost' && trouble.key === key) return trouble;
      if (trouble.stage !== 'waiting' || !WRITES.includes(name)) continue;
      Object.assign(trouble, { stage: 'lost', key });
      return 'lost';
    }
    return null;
  }

  private noise(): number {
    let odds = 0;
    for (const trouble of this.troubles) if (trouble.kind === 'noise') odds = Math.max(odds, trouble.odds);
    return odds;
  }

  private delayMs(): number {
    const { dice, delayMs } = this.parts;
    let [lowMs, highMs] = delayMs;
    for (const trouble of this.troubles) {
      if (trouble.kind === 'slow') [lowMs, highMs] = [highMs, Math.max(highMs, trouble.maxDelayMs)];
      if (trouble.kind === 'noise') highMs = Math.max(highMs, trouble.maxDelayMs);
    }
    return dice.between(lowMs, highMs);
  }
}
