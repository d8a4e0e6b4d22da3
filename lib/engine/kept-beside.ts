import type { LeaseAttributes, LeaseData, LeaseWrites } from '../core/lease-store.js';

/** What is kept beside one lease, as its holder knows it: as of the grant and of its own confirmed writes. */
export class KeptBeside {
  private sent = 0;
  private confirmed = 0;

  constructor(
    public data: LeaseData | undefined,
    public attributes: LeaseAttributes = {},
  ) {}

  /** The number of the next request, by which a delayed one does not undo a newer one. */
  nextSequence(): number {
    return ++this.sent;
  }

  /** The store has applied a write. Of two whose replies come in the wrong order, it keeps the newer one. */
  wrote({ data, attributes, sequence }: LeaseWrites & { sequence: number }): void {
    const isEmpty = data === undefined && attributes === undefined;
    if (isEmpty || sequence <= this.confirmed) return;
    this.confirmed = sequence;
    if (data !== undefined) this.data = data ?? undefined;
    if (attributes !== undefined) this.attributes = { ...this.attributes, ...attributes };
  }
}
