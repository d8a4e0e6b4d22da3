import type { TcpProxy } from '../support/tcp-proxy.js';
import type { FaultKind } from './fault-plan.js';
import type { StoreSettings } from './worker-settings.js';

/** One worker's way to the store. */
export interface FaultyLink {
  readonly settings: StoreSettings;
  readonly proxy: Pick<TcpProxy, 'blackHole' | 'heal' | 'reset' | 'resetCounts' | 'stop'>;
  /** The next command that writes a lease is applied, and its reply does not arrive. */
  dropReply(): void;
  delay(ms: number): void;
  /** What is on its way still comes late. */
  endDelay(): void;
}

/** The real store of a chaos run, in a process of its own. */
export interface ChaosStore {
  readonly name: string;
  /** Faults that it cannot have. */
  readonly without: readonly FaultKind[];
  /** For how long it grants nothing after a restart, at most. */
  readonly guardMs: number;
  /** What went wrong with it that nobody did to it, in words. */
  readonly defects: readonly string[];
  openLink(): Promise<FaultyLink>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** SIGKILL, `downMs` of silence, and a new process at the same place. */
  restart(how: { downMs: number; keepsData: boolean }): Promise<void>;
  /** Deletes all that it keeps. */
  wipe(): Promise<void>;
  stop(): Promise<void>;
}
