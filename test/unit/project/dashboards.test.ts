/**
 * The dashboards that are shipped, looked at without Grafana: they find their data source, their panels have their place,
 * and what they ask for is published.
 */
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { systemClock } from "../../../src/server/clock.ts";
import { createTelemetry } from "../../../src/server/telemetry/create-telemetry.ts";
import { panelQueries, readDashboards } from "../../support/dashboards.ts";
import { readProjectFile } from "../../support/project-files.ts";

const GRID_COLUMNS = 24;

/** The metrics whose names are fixed, because dashboards use them. */
const FIXED = [
  "chat_messages_posted_total",
  "consumer_messages_processed_total",
  "consumer_lag",
  "consumer_db_duration_seconds",
  "consumer_broadcast_duration_seconds",
  "consumer_processing_duration_seconds",
  "active_websocket_users",
];

/** Names in PromQL that are no metric. */
const WORDS = new Set([
  "sum",
  "rate",
  "by",
  "le",
  "instance",
  "door",
  "failure",
  "job",
  "verbatim",
  "histogram_quantile",
]);

const dashboards = readDashboards();

/** The metrics that a question is about. */
function metricsOf(expr: string): readonly string[] {
  const names = expr.replaceAll(/\[[^\]]*\]|"[^"]*"/g, "").match(/[a-z_][a-z0-9_]*/g) ?? [];
  return names.filter((name) => !WORDS.has(name));
}

describe("the dashboards", () => {
  it("are provisioned, with the data source that they name", () => {
    expect(dashboards.map(({ uid }) => uid).sort()).toEqual(["verbatim", "verbatim-nodes"]);
    const { datasources } = parse(readProjectFile("deploy/grafana/provisioning/datasources/prometheus.yaml")) as {
      datasources: { uid: string; type: string; url: string }[];
    };
    expect(datasources).toMatchObject([{ type: "prometheus", url: "http://prometheus:9090" }]);
    for (const { panels } of dashboards) {
      for (const { datasource, targets } of panels) {
        expect(datasource).toEqual({ type: "prometheus", uid: datasources[0]?.uid });
        for (const target of targets) expect(target.datasource.uid).toBe(datasources[0]?.uid);
      }
    }
    const { providers } = parse(readProjectFile("deploy/grafana/provisioning/dashboards/verbatim.yaml")) as {
      providers: { options: { path: string } }[];
    };
    expect(readProjectFile("compose.yaml")).toContain(`./deploy/grafana/dashboards:${providers[0]?.options.path}:ro`);
  });

  it("have panels that say what they show and lie beside each other", () => {
    for (const { panels } of dashboards) {
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      const taken = new Set<string>();
      for (const { title, description, targets, gridPos } of panels) {
        expect(title).not.toBe("");
        expect(description, title).toMatch(/\.\)?$/);
        expect(targets.length, title).toBeGreaterThan(0);
        expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
        expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(GRID_COLUMNS);
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
            expect(taken.has(`${x} ${y}`), `${title} lies on another panel`).toBe(false);
            taken.add(`${x} ${y}`);
          }
        }
      }
    }
  });

  it("begin with the four panels that tell the story of a load", () => {
    const titles = dashboards.find(({ uid }) => uid === "verbatim")?.panels.map(({ title }) => title);
    expect(titles?.slice(0, 4)).toEqual(["Throughput", "Lag", "Processing breakdown", "Work time per second"]);
  });

  it("ask for metrics that a server publishes, and for all of those that are fixed", async () => {
    const stream = { write: () => undefined };
    const telemetry = createTelemetry({ level: "error", format: "json", stream, terminal: false, clock: systemClock });
    const published = await telemetry.render();
    const isPublished = (name: string): boolean =>
      name === "up" ||
      new RegExp(`^# TYPE ${name.replace(/_(sum|count|bucket)$/, "")} (histogram|gauge|counter)$`, "m").test(published);
    const used = new Set(panelQueries(dashboards).flatMap(({ expr }) => metricsOf(expr)));
    expect([...used].filter((name) => !isPublished(name))).toEqual([]);
    const families = new Set([...used].map((name) => name.replace(/_(sum|count|bucket)$/, "")));
    expect(FIXED.filter((name) => !families.has(name))).toEqual([]);
  });

  it("take every rate over a span that follows from how often Prometheus scrapes", () => {
    const spans = panelQueries(dashboards).flatMap(({ expr }) => expr.match(/\[[^\]]*\]/g) ?? []);
    expect(new Set(spans)).toEqual(new Set(["[$__rate_interval]"]));
    const scraped = /scrape_interval: (\w+)/.exec(readProjectFile("deploy/prometheus/prometheus.yml"))?.[1];
    expect(readProjectFile("deploy/grafana/provisioning/datasources/prometheus.yaml")).toContain(
      `timeInterval: ${scraped}`,
    );
  });
});
