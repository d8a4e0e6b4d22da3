/** The main module of every process that measures: runs the task that is named on the command line. */
import { IpcLine } from '../measure/ipc-line.mjs';

process.once('disconnect', () => process.exit());
// Ctrl-C goes to the whole process group; the parent ends its tasks itself.
process.on('SIGINT', () => {});

const line = new IpcLine(process);
const job = await line.heard('job');
try {
  const { default: task } = await import(`./${process.argv[2]}.mjs`);
  await line.say('result', await task(job, line));
  process.exit(0);
} catch (error) {
  await line.say('failure', error instanceof Error ? error.stack : String(error));
  process.exit(1);
}
