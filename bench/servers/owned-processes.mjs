import { rmSync } from 'node:fs';
import { constants } from 'node:os';

/** Processes and folders that are gone when this process is, however it ends. */
const children = new Set();
const folders = new Set();

/**
 * @template {import('node:child_process').ChildProcess} T
 * @param {T} child
 * @returns {T}
 */
export function own(child) {
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** @param {string} folder to be removed at the end */
export function ownFolder(folder) {
  folders.add(folder);
  return folder;
}

/** Makes Ctrl-C and the like end in an orderly exit, and every exit end what is owned. */
export function cleanUpAtExit() {
  process.once('exit', () => {
    for (const child of children) child.kill('SIGKILL');
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}
