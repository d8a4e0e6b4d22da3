/** An answer that says nothing but its kind, for stores to give again and again: the owner does not hold the key. */
export const NOT_HELD = Object.freeze({ kind: 'not-held' } as const);

/** As above: the key is free. */
export const RELEASED = Object.freeze({ kind: 'released' } as const);

/** As above: the key that must exist does not. */
export const ABSENT = Object.freeze({ kind: 'absent' } as const);
