import { number } from './markdown.mjs';
import { linearScale, logScale } from './scale.mjs';
import { COLOURS, legend, line, path, svg, text } from './svg.mjs';

const WIDTH = 720;
const BOTTOM = 300;
const LEFT = 84;
const RIGHT = WIDTH - 36;

/**
 * Lines over a logarithmic axis.
 *
 * @param {object} chart
 * @param {string} chart.title
 * @param {string} chart.x what the horizontal axis says
 * @param {string} chart.y what the vertical axis says, with its unit
 * @param {{ name: string, points: [number, number][] }[]} chart.series
 * @param {boolean} [chart.isLogY]
 */
export function lineChart({ title, x, y, series, isLogY = false }) {
  const top = series.length > 1 ? 62 : 42;
  const points = series.flatMap(({ points }) => points);
  const xs = [...new Set(points.map(([value]) => value))].sort((a, b) => a - b);
  const span = Math.log(xs.at(-1) / xs[0]) || 1;
  const across = value => LEFT + ((RIGHT - LEFT) * Math.log(value / xs[0])) / span;
  const up = (isLogY ? logScale : linearScale)(
    points.map(([, value]) => value),
    BOTTOM,
    top,
  );

  const grid = up.ticks.flatMap(tick => [
    line(LEFT, up.at(tick), RIGHT, up.at(tick)),
    text(LEFT - 8, up.at(tick) + 4, number(tick), { anchor: 'end' }),
  ]);
  const marks = xs.flatMap(value => [
    line(across(value), BOTTOM, across(value), BOTTOM + 5, { opacity: 1 }),
    text(across(value), BOTTOM + 19, number(value), { anchor: 'middle' }),
  ]);
  const lines = series.map(({ points: own }, i) =>
    path(
      own.map(([a, b]) => [across(a), up.at(b)]),
      COLOURS[i],
    ),
  );
  const names =
    series.length > 1
      ? legend(
          12,
          44,
          series.map(({ name }) => name),
        )
      : [];
  const axes = [
    text((LEFT + RIGHT) / 2, BOTTOM + 40, x, { anchor: 'middle' }),
    text(20, (top + BOTTOM) / 2, y, { anchor: 'middle', turned: true }),
  ];
  return svg(WIDTH, BOTTOM + 52, title, [...names, ...grid, ...marks, ...lines, ...axes]);
}
