/**
 * Pictures of the dashboards, from real data: asks a Prometheus what the panels of a dashboard ask, and writes one SVG for
 * each panel.
 *
 *     node scripts/panel-pictures.mjs URL FROM TO FOLDER [DASHBOARD [PANEL…]]
 *
 * URL is the Prometheus (http://localhost:9090), FROM and TO are seconds since 1970 or, where negative, seconds before now;
 * DASHBOARD is a name in deploy/grafana/dashboards (verbatim), PANEL a panel's number (1 2 3 4).
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { drawPanel } from "./panel-chart.mjs";

/** Points a line has at most; and how many scrapes a rate is taken over at least, as Grafana does. */
const POINTS_MAX = 240;
const SCRAPES_A_RATE = 4;

const [, , url, fromText, toText, folder, dashboard = "verbatim", ...chosen] = process.argv;
if (folder === undefined) {
  console.error("usage: node scripts/panel-pictures.mjs URL FROM TO FOLDER [DASHBOARD [PANEL…]]");
  process.exit(2);
}
const now = Date.now() / 1000;
const time = (text) => (Number(text) <= 0 ? now + Number(text) : Number(text));
const [from, to] = [time(fromText), time(toText)];
const wanted = new Set(chosen.length === 0 ? ["1", "2", "3", "4"] : chosen);

/** Asks the API; throws with what it says is wrong. */
async function ask(path, parameters) {
  const answer = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
  const { status, data, error } = await answer.json();
  if (status !== "success") throw new Error(`Prometheus: ${error}`);
  return data;
}

/** How often it scrapes, in seconds. */
async function scrapeInterval() {
  const { yaml } = await ask("status/config", {});
  const [, number, unit] = /scrape_interval: (\d+)(ms|s|m)/.exec(yaml) ?? [];
  return Number(number ?? 15) * { ms: 0.001, s: 1, m: 60 }[unit ?? "s"];
}

/** A series' legend: `{{label}}` is that label's value. */
const legend = (format, labels) => format.replaceAll(/\{\{(\w+)\}\}/g, (_, name) => labels[name] ?? "");

const path = new URL(`../deploy/grafana/dashboards/${dashboard}.json`, import.meta.url);
const { panels } = JSON.parse(readFileSync(path, "utf8"));
const scrape = await scrapeInterval();
const step = Math.max(scrape, (to - from) / POINTS_MAX);
const rate = Math.ceil(Math.max(SCRAPES_A_RATE * scrape, step + scrape));
mkdirSync(folder, { recursive: true });
for (const { title, targets, fieldConfig } of panels.filter((panel) => wanted.has(String(panel.id)))) {
  const series = [];
  for (const { expr, legendFormat } of targets) {
    const query = expr.replaceAll("$__rate_interval", `${rate}s`);
    const { result } = await ask("query_range", { query, start: from, end: to, step });
    for (const { metric, values } of result) {
      const points = values.map(([at, value]) => [at, Number(value)]).filter(([, value]) => Number.isFinite(value));
      series.push({ label: legend(legendFormat, metric), points });
    }
  }
  const name = `${dashboard}-${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}.svg`;
  writeFileSync(join(folder, name), drawPanel({ title, unit: fieldConfig.defaults.unit, series, from, to, step }));
  console.log(join(folder, name));
}
