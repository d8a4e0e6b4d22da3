/** What a worker is told, by its environment. */
export interface WorkerSettings {
  /** Its name: place and number of the process there, as in `3.2`. */
  readonly worker: string;
  readonly store: StoreSettings;
  readonly ttlMs: number;
  /** The first is held by a campaign. */
  readonly keys: readonly string[];
  readonly fencePort: number;
  readonly journal: string;
  readonly seed: string;
}

/** How a worker finds its store. */
export type StoreSettings =
  { readonly type: 'redis'; readonly url: string } | { readonly type: 'dynamodb'; readonly endpoint: string };

/** What a worker is told while it runs. */
export type WorkerOrder =
  | { readonly order: 'block'; readonly ms: number }
  /** End the sections of work, release, close, and exit. */
  | { readonly order: 'end' };

/** The table of the DynamoDB store. */
export const TABLE = 'chaos';

/** What the SDK wants, and nobody checks. */
export const CREDENTIALS = { accessKeyId: 'chaos', secretAccessKey: 'chaos' };
