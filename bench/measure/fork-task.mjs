import { fork } from 'node:child_process';
import { join } from 'node:path';
import { own } from '../servers/owned-processes.mjs';
import { IpcLine } from './ipc-line.mjs';

const ENTRY = join(import.meta.dirname, '../tasks/entry.mjs');

/**
 * Runs `tasks/<name>.mjs` in a process of its own, hence on a fresh heap.
 *
 * @param {string} name
 * @param {object} job what the task is given
 * @returns {{ result: Promise<any>, say: IpcLine['say'], heard: IpcLine['heard'], end: () => void }} `heard` rejects, too, when the
 *   task fails
 */
export function forkTask(name, job) {
  const { NODE_ENV: _, ...inherited } = process.env;
  const env = { ...inherited, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
  const execArgv = ['--expose-gc'];
  const child = own(fork(ENTRY, [name], { env, execArgv, serialization: 'advanced' }));
  const line = new IpcLine(child);
  const ended = new Promise((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`task ${name} ended with ${code ?? signal}`)));
  });
  const failed = line.heard('failure').then(text => Promise.reject(new Error(`task ${name}: ${text}`)));
  const unlessFailed = promise => Promise.race([promise, failed, ended]);
  const result = unlessFailed(line.heard('result'));
  for (const promise of [ended, failed, result]) promise.catch(() => {}); // of tasks that are ended, nobody asks for it
  line.say('job', job);
  return {
    result,
    say: (topic, value) => line.say(topic, value),
    heard: topic => unlessFailed(line.heard(topic)),
    end: () => child.kill('SIGKILL'),
  };
}
