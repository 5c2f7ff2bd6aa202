/**
 * Pictures of the dashboards: one panel's series as an SVG, drawn by hand. Pure; `panel-pictures.mjs` asks and writes.
 */

const WIDTH = 720;
const HEIGHT = 300;
const PLOT = { left: 64, right: 16, top: 40, bottom: 56 };
const COLOURS = ["#2563eb", "#ea580c", "#16a34a", "#9333ea", "#dc2626", "#0891b2", "#ca8a04", "#475569"];
const GRID = "#e5e7eb";
const INK = "#374151";
const TICKS_WANTED = 5;

/** Steps that people read easily: 1, 2, 5 and their tenfold. */
function niceStep(span) {
  const raw = span / TICKS_WANTED;
  const power = 10 ** Math.floor(Math.log10(raw));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= raw) ?? 10;
  return factor * power;
}

/** A value with its unit, as an axis shows it: `1.5k`, `250 ms`. */
export function showValue(value, unit) {
  if (value === 0) return "0";
  const trim = (number) => String(Number(number.toPrecision(3)));
  if (unit === "s") {
    if (value >= 1) return `${trim(value)} s`;
    return value >= 0.001 ? `${trim(value * 1e3)} ms` : `${trim(value * 1e6)} µs`;
  }
  if (unit === "bytes") return value >= 2 ** 20 ? `${trim(value / 2 ** 20)} MiB` : `${trim(value / 1024)} KiB`;
  if (value >= 1e6) return `${trim(value / 1e6)}M`;
  return value >= 1e3 ? `${trim(value / 1e3)}k` : trim(value);
}

const xml = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** A line through the points that there are; a gap of more than two steps is left open. */
function path(points, x, y, step) {
  let before = Number.NEGATIVE_INFINITY;
  const parts = points.map(([time, value]) => {
    const command = time - before > 2 * step ? "M" : "L";
    before = time;
    return `${command}${x(time).toFixed(1)} ${y(value).toFixed(1)}`;
  });
  return parts.join("");
}

/**
 * Draws one panel. `series` are `{label, points: [[seconds, value], …]}`; `from`, `to` and `step` are seconds, and the time
 * axis counts from `from`.
 */
export function drawPanel({ title, unit, series, from, to, step }) {
  const top = Math.max(...series.flatMap(({ points }) => points.map(([, value]) => value)), 0) || 1;
  const tick = niceStep(top);
  const ceiling = Math.ceil(top / tick) * tick;
  const x = (time) => PLOT.left + ((time - from) / (to - from)) * (WIDTH - PLOT.left - PLOT.right);
  const y = (value) => HEIGHT - PLOT.bottom - (value / ceiling) * (HEIGHT - PLOT.top - PLOT.bottom);
  const text = (atX, atY, anchor, words, more = "") =>
    `<text x="${atX.toFixed(1)}" y="${atY.toFixed(1)}" text-anchor="${anchor}"${more}>${xml(words)}</text>`;
  const line = (x1, y1, x2, y2) => `<path d="M${x1} ${y1.toFixed(1)}L${x2} ${y2.toFixed(1)}" stroke="${GRID}"/>`;
  const lines = [];
  for (let value = 0; value <= ceiling + tick / 2; value += tick) {
    lines.push(line(PLOT.left, y(value), WIDTH - PLOT.right, y(value)));
    lines.push(text(PLOT.left - 8, y(value) + 4, "end", showValue(value, unit)));
  }
  const second = Math.max(1, niceStep(to - from));
  for (let time = 0; time <= to - from; time += second) {
    lines.push(text(x(from + time), HEIGHT - PLOT.bottom + 18, "middle", `${Number(time.toFixed(0))} s`));
  }
  let legendX = PLOT.left;
  for (const [at, { label, points }] of series.entries()) {
    const colour = COLOURS[at % COLOURS.length];
    lines.push(`<path d="${path(points, x, y, step)}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    lines.push(`<rect x="${legendX}" y="${HEIGHT - 22}" width="12" height="4" fill="${colour}"/>`);
    lines.push(text(legendX + 18, HEIGHT - 16, "start", label));
    legendX += 34 + label.length * 7;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="${INK}">`,
    `<title>${xml(title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(PLOT.left, 24, "start", title, ' font-size="15" font-weight="600"'),
    ...lines,
    "</svg>",
    "",
  ].join("\n");
}
