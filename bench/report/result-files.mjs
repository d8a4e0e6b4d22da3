import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format } from 'prettier'; // of the repository, which checks these files, too

const FOLDER = join(import.meta.dirname, '../results');

/** The last result of each scenario, as JSON. */
export class ResultFiles {
  /** @param {{ scenario: string }} result */
  async write(result) {
    await mkdir(FOLDER, { recursive: true });
    const text = await format(JSON.stringify(result, rounded), { parser: 'json', printWidth: 110 });
    await writeFile(join(FOLDER, `${result.scenario}.json`), text);
  }

  /** @returns {Promise<Record<string, any>>} by scenario */
  async readAll() {
    await mkdir(FOLDER, { recursive: true });
    const files = (await readdir(FOLDER)).filter(file => file.endsWith('.json'));
    const results = await Promise.all(files.map(file => readFile(join(FOLDER, file), 'utf8')));
    return Object.fromEntries(results.map(text => JSON.parse(text)).map(result => [result.scenario, result]));
  }
}

/** More digits than five say nothing. */
function rounded(_, value) {
  if (typeof value !== 'number' || Number.isInteger(value)) return value;
  return Math.abs(value) >= 10_000 ? Math.round(value) : Number(value.toPrecision(5));
}
