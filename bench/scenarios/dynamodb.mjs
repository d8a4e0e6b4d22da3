import { forkTask } from '../measure/fork-task.mjs';
import { inRounds } from '../measure/in-rounds.mjs';

const CONTENDERS = ['go', 'ours'];
const TITLES = { go: 'as Go dynamolock sends it', ours: 'ours' };
const MODES = { one: 1, twenty: 20 };

/** Acquire and release of free keys in an emulated DynamoDB, beside what Go dynamolock sends for that. */
export async function dynamodb({ settings, log }) {
  const { rounds, warmupMs, measureMs, countedCycles } = settings.dynamodb;
  const server = forkTask('dynalite', {});
  try {
    const endpoint = await server.heard('listening');
    const requests = {};
    for (const contender of CONTENDERS) {
      requests[contender] = await forkTask('dynamodb-requests', { contender, endpoint, countedCycles })
        .result;
    }
    const speed = {};
    for (const [mode, concurrency] of Object.entries(MODES)) {
      speed[mode] = await inRounds(rounds, CONTENDERS, async (contender, round) => {
        const job = { contender, endpoint, concurrency, warmupMs, measureMs };
        const measured = await forkTask('dynamodb-speed', job).result;
        log(
          `dynamodb ${mode}, round ${round + 1}, ${contender}: ${Math.round(measured.cyclesPerS)} cycles/s`,
        );
        return measured;
      });
    }
    return { settings: settings.dynamodb, titles: TITLES, modes: MODES, requests, speed };
  } finally {
    server.end();
  }
}
