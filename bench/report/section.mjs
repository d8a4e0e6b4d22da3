/**
 * @typedef {object} Section how one scenario is shown
 * @property {string} title
 * @property {(data: any) => string} method how it is measured, in Markdown
 * @property {(data: any) => string} tables in Markdown
 * @property {(data: any) => Record<string, string>} [charts] SVG by file name
 */

/** @returns {Promise<Section>} */
export function sectionModule(scenario) {
  return import(`./sections/${scenario}.mjs`);
}

/** The part of the report that is about one scenario, in Markdown. */
export async function section({ scenario, data, ...where }) {
  const { title, method, tables, charts } = await sectionModule(scenario);
  const images = Object.keys(charts?.(data) ?? {}).map(file => `![${title}](charts/${file})`);
  const parts = [`## ${title}`, tables(data), images.join('\n'), `How: ${method(data)}`, whereText(where)];
  return `${parts.filter(part => part !== '').join('\n\n')}\n`;
}

function whereText({ date, node, cpu, cores, os, redis, load, packages }) {
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  return (
    `<sub>${date} UTC · Node ${node} · ${cpu}, ${cores} cores · ${os} · load before ${load} · Redis ${redis} · ` +
    `${versions.join(', ')}</sub>`
  );
}
