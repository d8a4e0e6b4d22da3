/** Length of a lease where no option says otherwise. */
export const DEFAULT_TTL_MS = 15_000;

/** Shortest TTL: below it, a round trip and a timer's delay leave nothing to work with. */
export const MIN_TTL_MS = 50;

/** Longest TTL: 30 days. A store may take less. */
export const MAX_TTL_MS = 30 * 86_400_000;

/** Length of the leadership lease, hence of the gap after a leader has died. */
export const DEFAULT_LEADERSHIP_TTL_MS = 10_000;

/** How long a shutdown waits for work under locks, in all. */
export const DEFAULT_SHUTDOWN_TIMEOUT_MS = 10_000;
