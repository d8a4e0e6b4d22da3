import type { AttributeValue } from '@aws-sdk/client-dynamodb';

type Row = Record<string, AttributeValue>;

/** Names, values and expressions of one input. */
export interface Expressions {
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, AttributeValue>;
}

/**
 * DynamoDB's expressions as far as our commands use them. As strict as the service: an alias that is unknown or unused, and
 * bounds in the wrong order, are errors.
 */
export class ExpressionReader {
  private readonly used = new Set<string>();
  private tokens: string[] = [];

  constructor(
    private readonly input: Expressions,
    private readonly row: Row,
  ) {}

  /** @returns whether the row fulfils the condition */
  condition(text: string): boolean {
    this.read(text);
    const result = this.or();
    if (this.tokens.length > 0) throw invalid(`unexpected '${this.tokens[0]}' in: ${text}`);
    return result;
  }

  /** @returns the row with the update applied */
  update(text: string): Row {
    this.read(text);
    const changes = new Map<string, AttributeValue | null>();
    const change = (name: string, value: AttributeValue | null): void => {
      if (changes.has(name)) throw invalid(`two paths overlap: ${name}`);
      changes.set(name, value);
    };
    for (let clause = this.next(); ; clause = this.next()) {
      do {
        const name = this.name(this.next());
        if (clause === 'SET') this.expect('=');
        change(name, clause === 'SET' ? this.sum() : null);
      } while (this.take(','));
      if (this.tokens.length === 0) break;
    }
    const kept = Object.entries(this.row).filter(([name]) => !changes.has(name));
    const set = [...changes].filter((entry): entry is [string, AttributeValue] => entry[1] !== null);
    return Object.fromEntries([...kept, ...set]);
  }

  /** Call it last. */
  assertAllUsed(): void {
    const { ExpressionAttributeNames: names = {}, ExpressionAttributeValues: values = {} } = this.input;
    for (const alias of [...Object.keys(names), ...Object.keys(values)])
      if (!this.used.has(alias)) throw invalid(`${alias} is not used`);
  }

  private or(): boolean {
    let result = this.and();
    while (this.take('OR')) result = this.and() || result;
    return result;
  }

  private and(): boolean {
    let result = this.not();
    while (this.take('AND')) result = this.not() && result;
    return result;
  }

  private not(): boolean {
    if (this.take('NOT')) return !this.not();
    if (!this.take('(')) return this.comparison();
    const result = this.or();
    this.expect(')');
    return result;
  }

  private comparison(): boolean {
    const [token] = this.tokens;
    if (token === 'attribute_exists') return this.callee()[0] !== undefined;
    if (token === 'attribute_not_exists') return this.callee()[0] === undefined;
    if (token === 'begins_with') {
      const [text, start] = this.callee();
      return text?.S !== undefined && start?.S !== undefined && text.S.startsWith(start.S);
    }
    const left = this.operand(this.next());
    if (this.take('=')) return isSame(left, this.operand(this.next()));
    this.expect('BETWEEN');
    const low = this.operand(this.next())!;
    this.expect('AND');
    const high = this.operand(this.next())!;
    if (compare(low, high) > 0) throw invalid('the upper bound of BETWEEN is below the lower');
    return left?.S !== undefined && compare(low, left) <= 0 && compare(left, high) <= 0;
  }

  private callee(): (AttributeValue | undefined)[] {
    this.next();
    this.expect('(');
    const args = [this.operand(this.next())];
    while (this.take(',')) args.push(this.operand(this.next()));
    this.expect(')');
    return args;
  }

  private sum(): AttributeValue {
    const value = this.tokens[0] === 'if_not_exists' ? this.ifNotExists() : this.operand(this.next())!;
    if (!this.take('+')) return value;
    const more = this.operand(this.next())!;
    if (value.N === undefined || more.N === undefined) throw invalid('an operand has an incorrect data type');
    return { N: String(BigInt(value.N) + BigInt(more.N)) };
  }

  private ifNotExists(): AttributeValue {
    const [present, otherwise] = this.callee();
    return (present ?? otherwise)!;
  }

  private operand(token: string): AttributeValue | undefined {
    if (token.startsWith('#')) {
      const name = this.name(token);
      return Object.hasOwn(this.row, name) ? this.row[name] : undefined;
    }
    this.used.add(token);
    const value = this.input.ExpressionAttributeValues?.[token];
    if (value === undefined) throw invalid(`unknown value ${token}`);
    return value;
  }

  private name(token: string): string {
    this.used.add(token);
    const name = this.input.ExpressionAttributeNames?.[token];
    if (name === undefined) throw invalid(`unknown name ${token}`);
    return name;
  }

  private read(text: string): void {
    this.tokens = text.match(/[#:]?\w+|[=+,()]|\S/g) ?? [];
  }

  private next(): string {
    const token = this.tokens.shift();
    if (token === undefined) throw invalid('the expression ends too early');
    return token;
  }

  private take(token: string): boolean {
    if (this.tokens[0] !== token) return false;
    this.tokens.shift();
    return true;
  }

  private expect(token: string): void {
    if (!this.take(token)) throw invalid(`expected '${token}' instead of '${this.tokens[0]}'`);
  }
}

/** Of scalars; what is absent is equal to nothing. */
function isSame(a: AttributeValue | undefined, b: AttributeValue | undefined): boolean {
  return a !== undefined && a.S === b?.S && a.N === b?.N && a.BOOL === b?.BOOL;
}

function compare(a: AttributeValue, b: AttributeValue): number {
  return Buffer.compare(Buffer.from(a.S!), Buffer.from(b.S!));
}

function invalid(why: string): Error {
  return Object.assign(new Error(why), { name: 'ValidationException' });
}
