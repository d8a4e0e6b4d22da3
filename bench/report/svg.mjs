/** Readable on white and on the dark of GitHub, since a picture does not know on which it is shown. */
export const INK = '#7a828b';
const GRID = '#8b949e';
export const COLOURS = ['#3b82f6', '#e8833a', '#2da44e', '#a371f7', '#d1495b'];
export const CHAR_WIDTH = 6.6;

const escape = text => String(text).replace(/[&<>"]/g, char => `&#${char.charCodeAt(0)};`);
const round = value => Math.round(value * 10) / 10;

/** @param {string} body elements */
export function svg(width, height, title, body) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"`,
    `  font-family="system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="12" fill="${INK}">`,
    `<title>${escape(title)}</title>`,
    text(12, 22, title, { size: 14, weight: 600 }),
    ...body,
    `</svg>\n`,
  ].join('\n');
}

/** @param {{ anchor?: 'start' | 'middle' | 'end', size?: number, weight?: number, turned?: boolean }} [style] */
export function text(x, y, content, { anchor = 'start', size = 12, weight = 400, turned = false } = {}) {
  const turn = turned ? ` transform="rotate(-90 ${round(x)} ${round(y)})"` : '';
  const font = `font-size="${size}" font-weight="${weight}" text-anchor="${anchor}"`;
  return `<text x="${round(x)}" y="${round(y)}" ${font}${turn}>${escape(content)}</text>`;
}

export function rect(x, y, width, height, colour) {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="2" fill="${colour}"/>`;
}

export function line(x1, y1, x2, y2, { colour = GRID, opacity = 0.35, dash = '' } = {}) {
  const at = `x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"`;
  return `<line ${at} stroke="${colour}" stroke-opacity="${opacity}"${dash && ` stroke-dasharray="${dash}"`}/>`;
}

/** @param {[number, number][]} points */
export function path(points, colour) {
  const d = points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`).join(' ');
  const dots = points.map(([x, y]) => `<circle cx="${round(x)}" cy="${round(y)}" r="3.5" fill="${colour}"/>`);
  return [`<path d="${d}" fill="none" stroke="${colour}" stroke-width="2"/>`, ...dots].join('\n');
}

/** One row of coloured squares with names. */
export function legend(x, y, names) {
  let left = x;
  return names.flatMap((name, i) => {
    const parts = [rect(left, y - 9, 10, 10, COLOURS[i]), text(left + 15, y, name)];
    left += 15 + name.length * CHAR_WIDTH + 18;
    return parts;
  });
}
