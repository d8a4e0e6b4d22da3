import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SCENARIOS } from '../scenarios/index.mjs';
import { section, sectionModule } from './section.mjs';
import { targetsTable } from './targets.mjs';

const BENCH = join(import.meta.dirname, '..');

const HEAD = `# Benchmark

Written by \`npm run bench\` from [results/](results); not by hand. \`npm run bench -- --only cycles\` measures one scenario again,
\`--long\` adds the one of five minutes. Figures are medians of all rounds, in brackets the lowest and the highest; "over raw" is the
median of the ratios of each round. Everything runs on one machine, over the loopback interface: a network between makes all figures
of single cycles alike.`;

/**
 * Writes results.md and the charts from what was measured last.
 *
 * @param {import('./result-files.mjs').ResultFiles} files
 */
export async function report(files) {
  const results = await files.readAll();
  const present = Object.keys(SCENARIOS).filter(name => results[name] !== undefined);
  await mkdir(join(BENCH, 'charts'), { recursive: true });
  for (const name of present) {
    const { charts } = await sectionModule(name);
    for (const [file, svg] of Object.entries(charts?.(results[name].data) ?? {})) {
      await writeFile(join(BENCH, 'charts', file), svg);
    }
  }
  const sections = await Promise.all(present.map(name => section(results[name])));
  const parts = [HEAD, `## Targets\n\n${targetsTable(results)}`, ...sections.map(text => text.trimEnd())];
  await writeFile(join(BENCH, 'results.md'), `${parts.join('\n\n')}\n`);
}
