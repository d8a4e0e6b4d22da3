import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { LeaseWrites } from '../../core/lease-store.js';
import { encodeData, encodeScalar } from './lease-item.js';

/**
 * Collects what one conditional write changes. Every name is aliased, since any may be a word that DynamoDB reserves; the
 * alias of an attribute of ours is its own name.
 */
export class UpdateDraft {
  private readonly sets: string[] = [];
  private readonly removes: string[] = [];
  private readonly names: Record<string, string> = {};
  private readonly values: Record<string, AttributeValue> = {};

  /** @returns the alias of an attribute */
  name(name: string, alias = name): string {
    this.names[`#${alias}`] = name;
    return `#${alias}`;
  }

  /** @returns the alias of a value */
  value(alias: string, value: AttributeValue): string {
    this.values[`:${alias}`] = value;
    return `:${alias}`;
  }

  set(name: string, value: AttributeValue, alias = name): this {
    return this.setTo(name, this.value(alias, value), alias);
  }

  setTo(name: string, expression: string, alias = name): this {
    this.sets.push(`${this.name(name, alias)} = ${expression}`);
    return this;
  }

  remove(name: string): this {
    this.removes.push(this.name(name));
    return this;
  }

  /** Data and attributes. The flag that data is text stands beside text only. */
  write({ data, attributes = {} }: LeaseWrites): this {
    if (data === null) this.remove('data').remove('dataIsText');
    else if (data !== undefined) {
      this.set('data', encodeData(data));
      if (typeof data === 'string') this.set('dataIsText', { BOOL: true });
      else this.remove('dataIsText');
    }
    for (const [n, [name, value]] of Object.entries(attributes).entries()) {
      this.set(name, encodeScalar(value), `a${n}`);
    }
    return this;
  }

  get update(): string {
    const clauses = [];
    if (this.sets.length > 0) clauses.push(`SET ${this.sets.join(', ')}`);
    if (this.removes.length > 0) clauses.push(`REMOVE ${this.removes.join(', ')}`);
    return clauses.join(' ');
  }

  /** The aliases as an input of the SDK has them. */
  get aliases() {
    return { ExpressionAttributeNames: this.names, ExpressionAttributeValues: this.values };
  }
}
