import type { Redis } from 'ioredis';
import { SCRIPTS } from '../../../lib/stores/redis/scripts.generated.js';
import { sleep } from '../../support/fixtures.js';
import { RedisModel } from './redis-model.js';
import { ReplyError } from './redis-reply.js';
import { namesOf, type ScriptStep } from './script-step.js';

/** Commands that show what is kept under a key. */
const VIEWS: readonly (readonly [command: string, name: 0 | 1 | 2])[] = [
  ['GET', 0],
  ['PTTL', 0],
  ['GET', 1],
  ['PTTL', 1],
  ['HGETALL', 2],
  ['PTTL', 2],
];

/**
 * Does the same on a real Redis and on the model, whose clock shows what the real one says, and compares each reply and all that
 * is kept. Tokens must correspond one to one and grow alike; times may differ by what the real server needed.
 */
export class ScriptReplay {
  private nowMs = 0;
  private slackMs = 2;
  private readonly model = new RedisModel({ clock: { wallMs: () => this.nowMs } });
  /** The token of each grant that was counted by the clock, there and here. */
  private readonly tokens: { readonly real: string; readonly model: string }[] = [];

  constructor(private readonly real: Redis) {
    for (const { source } of Object.values(SCRIPTS)) this.model.loadScript(source);
  }

  get grants(): number {
    return this.tokens.length;
  }

  /** @returns what Redis answered, in a word, and what differs; nothing when both agree */
  async run(step: ScriptStep): Promise<{ answer: string; differences: string[] }> {
    const [real, model] = await this.onBoth([step]);
    const realReply = real[0];
    if (step.expiresSoon) await sleep(3);
    const names = namesOf(step.key);
    const kept = await this.onBoth(VIEWS.map(([command, name]) => ({ words: [command, names[name]] })));
    // Not the reply, since a script that fails half way has counted, too.
    this.counted(kept[0][2], kept[1][2]);
    return {
      answer: String(Array.isArray(realReply) ? realReply[0] : realReply),
      differences: [...this.differences('reply', real, model), ...this.differences('kept', kept[0], kept[1])],
    };
  }

  /** Sends commands to the real server in one go, and then, at the time at which that did them, to the model. */
  private async onBoth(
    commands: readonly Pick<ScriptStep, 'script' | 'words'>[],
  ): Promise<[unknown[], unknown[]]> {
    const replies = await this.onReal(commands);
    const model = commands.map(command => {
      try {
        return plain(this.onModel(command));
      } catch (error) {
        if (error instanceof ReplyError) return plain(error);
        throw error;
      }
    });
    return [replies, model];
  }

  private async onReal(commands: readonly Pick<ScriptStep, 'script' | 'words'>[]): Promise<unknown[]> {
    const batch = this.real.multi();
    batch.call('TIME');
    for (const { script, words } of commands) {
      const [head, ...rest] = words.map(word => this.word(word, 'real'));
      if (script === undefined) batch.callBuffer(head as string, ...rest);
      else batch.callBuffer('EVALSHA', SCRIPTS[script].sha1, SCRIPTS[script].keys, head!, ...rest);
    }
    batch.call('TIME');
    const replies = (await batch.exec())!.map(([error, reply]) => error ?? reply);
    const fromMs = timeOf(replies.shift());
    this.nowMs = fromMs;
    this.slackMs = Math.max(this.slackMs, 2 + timeOf(replies.pop()) - fromMs);
    return replies.map(plain);
  }

  private onModel({ script, words }: Pick<ScriptStep, 'script' | 'words'>): unknown {
    const own = words.map(word => this.word(word, 'model'));
    if (script === undefined) return this.model.command(...own);
    return this.model.evalsha(SCRIPTS[script].sha1, SCRIPTS[script].keys, own);
  }

  private word(word: ScriptStep['words'][number], where: 'real' | 'model'): string | Buffer {
    return typeof word === 'string' || Buffer.isBuffer(word) ? word : this.tokens[word.tokenOfGrant]![where];
  }

  /** Notes a token that both servers have given just now, each by its clock. */
  private counted(real: unknown, model: unknown): void {
    if (typeof real !== 'string' || typeof model !== 'string') return;
    const isKnown = this.tokens.some(token => token.real === real || token.model === model);
    const isNow = [real, model].every(token => Math.abs(Number(token) / 1000 - this.nowMs) < 1000);
    if (!isKnown && isNow) this.tokens.push({ real, model });
  }

  private differences(at: string, real: unknown, model: unknown, name = ''): string[] {
    if (Array.isArray(real) && Array.isArray(model) && real.length === model.length)
      return real.flatMap((each, i) => this.differences(`${at}[${i}]`, each, model[i], String(real[i - 1])));
    const isTime = typeof real === 'number' ? real > 1000 : name === 'expires';
    if (isTime && Math.abs(Number(real) - Number(model)) <= this.slackMs) return [];
    const isSame =
      real === model ||
      this.tokens.some(token => String(model).replace(token.model, token.real) === String(real));
    return isSame ? [] : [`${at}: ${JSON.stringify(real)} of Redis, ${JSON.stringify(model)} of the model`];
  }

  /** Whether tokens correspond one to one, and grow alike. */
  get isOrderKept(): boolean {
    const sorted = [...this.tokens].sort((a, b) => Number(a.real) - Number(b.real));
    return sorted.every(
      (token, i) =>
        i === 0 || (token.real !== sorted[i - 1]!.real && Number(token.model) > Number(sorted[i - 1]!.model)),
    );
  }
}

/** What TIME answers, in ms. */
function timeOf(reply: unknown): number {
  const [seconds, micros] = (reply as string[]).map(Number) as [number, number];
  return seconds * 1000 + micros / 1000;
}

/** A reply in a form that compares: texts as bytes, errors by their first word, fields of a hash in order. */
function plain(reply: unknown): unknown {
  if (reply instanceof Error) return `error ${reply.message.split(' ')[0]}`;
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  if (typeof reply === 'object' && reply !== null && 'text' in reply) return reply.text;
  if (!Array.isArray(reply)) return reply;
  const items = reply.map(plain);
  return items.length > 0 && items.length % 2 === 0 && !WORDS.has(items[0]) ? sortedPairs(items) : items;
}

/** Starts of a script's reply, which is no list of fields. */
const WORDS = new Set<unknown>('granted held absent corrupt released not-held lease free'.split(' '));

function sortedPairs(items: readonly unknown[]): unknown[] {
  const pairs = Array.from({ length: items.length / 2 }, (_, i) => [items[2 * i], items[2 * i + 1]]);
  return pairs.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)).flat();
}
