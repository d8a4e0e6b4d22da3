import type { LeaseAttributes, LeaseData, LeaseWrites } from '../core/lease-store.js';

/** What is kept beside one lease, as its holder knows it: as of the grant and of its own confirmed writes. */
export class KeptBeside {
  private sent = 0;
  private confirmed = 0;

  constructor(
    public data: LeaseData | undefined,
    public attributes: LeaseAttributes = {},
  ) {}

  /** Numbers a write, so that a delayed one does not undo a newer one. Nothing to write needs no number. */
  sequenced(writes: LeaseWrites): LeaseWrites {
    return Object.keys(writes).length === 0 ? writes : { ...writes, writeSequence: ++this.sent };
  }

  /** The store has applied a write. Of two whose replies come in the wrong order, it keeps the newer one. */
  wrote({ data, attributes, writeSequence = 0 }: LeaseWrites): void {
    if (writeSequence <= this.confirmed) return;
    this.confirmed = writeSequence;
    if (data !== undefined) this.data = data ?? undefined;
    if (attributes !== undefined) this.attributes = { ...this.attributes, ...attributes };
  }
}
