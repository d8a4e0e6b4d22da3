import { number } from './markdown.mjs';
import { linearScale, logScale } from './scale.mjs';
import { CHAR_WIDTH, COLOURS, INK, legend, line, rect, svg, text } from './svg.mjs';

const WIDTH = 720;
const BAR = 14;

/**
 * Horizontal bars, grouped by row.
 *
 * @param {object} chart
 * @param {string} chart.title
 * @param {string} chart.unit of the axis
 * @param {string[]} chart.series names of the bars in each row
 * @param {{ label: string, values: number[] }[]} chart.rows
 * @param {boolean} [chart.isLog]
 * @param {{ value: number, label: string }} [chart.reference] a line to compare with
 * @param {(value: number) => string} [chart.format]
 */
export function barChart({ title, unit, series, rows, isLog = false, reference, format = number }) {
  const left = 24 + Math.max(...rows.map(row => row.label.length)) * CHAR_WIDTH;
  const right = WIDTH - 70;
  const top = series.length > 1 ? 72 : 50;
  const rowHeight = series.length * BAR + 14;
  const bottom = top + rows.length * rowHeight;
  const values = [...rows.flatMap(row => row.values), ...(reference ? [reference.value] : [])];
  const { at, ticks } = (isLog ? logScale : linearScale)(values, left, right);

  const grid = ticks.flatMap(tick => [
    line(at(tick), top, at(tick), bottom),
    text(at(tick), bottom + 18, number(tick), { anchor: 'middle' }),
  ]);
  const bars = rows.flatMap(({ label, values: ofRow }, i) => {
    const y = top + i * rowHeight + 7;
    const name = text(left - 8, y + (rowHeight - 14) / 2 + 4, label, { anchor: 'end' });
    const own = ofRow.flatMap((value, j) => [
      rect(left, y + j * BAR, Math.max(1, at(value) - left), BAR - 2, COLOURS[j]),
      text(at(value) + 5, y + j * BAR + BAR - 4, format(value), { size: 11 }),
    ]);
    return [name, ...own];
  });
  const mark = reference
    ? [
        line(at(reference.value), top, at(reference.value), bottom, { colour: INK, opacity: 1, dash: '4 3' }),
        text(at(reference.value), top - 6, reference.label, { anchor: 'middle', size: 11 }),
      ]
    : [];
  const names = series.length > 1 ? legend(12, 44, series) : [];
  const axis = text((left + right) / 2, bottom + 38, unit, { anchor: 'middle' });
  return svg(WIDTH, bottom + 50, title, [...names, ...grid, ...bars, ...mark, axis]);
}
