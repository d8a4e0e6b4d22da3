import { environment } from './measure/environment.mjs';
import { report } from './report/report.mjs';
import { section } from './report/section.mjs';
import { ResultFiles } from './report/result-files.mjs';
import { ONLY_LONG, SCENARIOS } from './scenarios/index.mjs';
import { RedisServer } from './servers/redis-server.mjs';
import { settings } from './settings.mjs';

/**
 * @param {{ only?: string[], rounds: number, quick: boolean, long: boolean }} options
 */
export async function runScenarios({ only, rounds, quick, long }) {
  const names = only ?? Object.keys(SCENARIOS).filter(name => long || !ONLY_LONG.includes(name));
  const unknown = names.filter(name => !Object.hasOwn(SCENARIOS, name));
  if (unknown.length > 0) {
    throw new Error(`--only (${unknown}) must name scenarios: ${Object.keys(SCENARIOS).join(', ')}`);
  }
  const log = text => console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);
  const redis = await RedisServer.start();
  const files = new ResultFiles();
  try {
    for (const name of names) {
      try {
        const where = environment(redis);
        const data = await SCENARIOS[name]({ redis, settings: settings({ rounds, quick }), log });
        const result = { scenario: name, ...where, data };
        console.log(await section(result));
        if (!quick) await files.write(result);
      } catch (error) {
        // The others may do; what the last run of this one found stays as it is
        log(`${name} failed: ${error.stack}`);
        process.exitCode = 1;
      }
    }
  } finally {
    await redis.stop();
  }
  if (!quick) await report(files);
}
