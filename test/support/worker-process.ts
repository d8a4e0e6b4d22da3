import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A script that runs as a process of its own. */
export interface WorkerProcess {
  readonly pid: number;
  /** All it has printed, line by line, on stdout and stderr. */
  readonly lines: string[];
  /** The first line, printed before or from now on, that contains `text`. @throws Error after `timeoutMs`, with the log */
  line(text: string, timeoutMs?: number): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** Delivers to its `process.on('message')`; lost if it has ended. */
  send(message: object): void;
  /** Resolves with the exit code, `null` when killed by a signal. */
  readonly exited: Promise<number | null>;
  /** Kills it if it runs, and waits. */
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach(child => child.kill('SIGKILL')));

/** Runs a script, such as `bundle` makes. */
export function runWorker(script: string, env: Record<string, string>): WorkerProcess {
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const child = spawn(process.execPath, ['--enable-source-maps', script], {
    env: { ...inherited, NODE_ENV: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  running.add(child);
  const exited = once(child, 'exit').then(([code]) => (running.delete(child), code as number | null));
  const lines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  for (const stream of [child.stdout!, child.stderr!]) {
    createInterface({ input: stream }).on('line', line => {
      lines.push(line);
      for (const listener of [...listeners]) listener(line);
    });
  }
  return {
    pid: child.pid!,
    lines,
    exited,
    kill: signal => void child.kill(signal),
    send: message => void (child.connected && child.send(message, () => undefined)),
    line(text, timeoutMs = 15_000) {
      const found = lines.find(line => line.includes(text));
      if (found !== undefined) return Promise.resolve(found);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          listeners.delete(listener);
          reject(new Error(`no line with '${text}' within ${timeoutMs} ms in:\n${lines.join('\n')}`));
        }, timeoutMs);
        const listener = (line: string): void => {
          if (!line.includes(text)) return;
          clearTimeout(timer);
          listeners.delete(listener);
          resolve(line);
        };
        listeners.add(listener);
      });
    },
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
