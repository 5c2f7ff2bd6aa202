/**
 * Test support: what the shipped dashboards must show of a load, for any two nodes; run in Prometheus itself, for there is
 * no Grafana where the tests run.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type LoadedNode, RATE_SECONDS, type WatchedLoad, watchLoad } from "./dashboard-load.ts";
import { asked, panelQueries, readDashboards } from "./dashboards.ts";
import { isInstalled } from "./programs.ts";
import type { Series } from "./prometheus.ts";

const LOAD_WITHIN_MS = 180_000;
const STEP_SECONDS = 1;

/** Rates reach over the ends of a load: their sum differs a little from what was sent. */
const TOLERANCE = 0.15;

/** Panels that show nothing as long as nothing goes wrong; they have their series all the same, at 0. */
const QUIET = new Set([
  "Messages that got an error",
  "What should not happen",
  "Store failures",
  "Sessions that fell behind",
]);

/** Panels whose figures are only there while something happens: an average of nothing is no number. */
const ONLY_UNDER_LOAD = new Set(["Processing breakdown", "The slowest batch in a hundred", "Store write"]);

const queries = panelQueries(readDashboards());

/** Declares the suite. `areOne` = the nodes are a cluster. */
export function describeDashboards(
  title: string,
  areOne: boolean,
  startNodes: () => Promise<{ readonly nodes: readonly LoadedNode[]; readonly stop: () => Promise<void> }>,
): void {
  describe(title, () => {
    let stop: (() => Promise<void>) | undefined;
    let nodes: readonly LoadedNode[] = [];
    let load: WatchedLoad;
    let sent = 0;

    const canRun = isInstalled("prometheus");

    beforeEach(({ skip }) => {
      if (!canRun) skip("prometheus is not installed");
    });

    beforeAll(async () => {
      if (!canRun) return;
      const started = await startNodes();
      ({ nodes, stop } = started);
      load = await watchLoad(nodes, areOne);
      sent = load.posted.reduce((sum, count) => sum + count, 0);
    }, LOAD_WITHIN_MS);

    afterAll(async () => {
      await load?.prometheus.close();
      await stop?.();
    });

    /** A question over the whole of the load. */
    const over = (expr: string): Promise<readonly Series[]> =>
      load.prometheus.range(asked(expr, RATE_SECONDS), load.from, load.to, STEP_SECONDS);

    /** The panel's own question with that legend. */
    const shown = (panel: string, legend: string): Promise<readonly Series[]> => {
      const found = queries.find((query) => query.panel === panel && query.legend === legend);
      if (found === undefined) throw new Error(`no panel asks for ${panel}, ${legend}`);
      return over(found.expr);
    };

    const now = async (expr: string): Promise<number> =>
      [...(await load.prometheus.now(expr)).values()][0] ?? Number.NaN;
    const values = (series: readonly Series[]): number[] =>
      series.flatMap(({ points }) => points.map(([, value]) => value));
    const sum = (numbers: readonly number[]): number => numbers.reduce((total, value) => total + value, 0);

    it.each(queries)("$dashboard, $panel, $legend: is written rightly and shows something", async ({ panel, expr }) => {
      await load.prometheus.parses(asked(expr, RATE_SECONDS));
      const series = await over(expr);
      expect(series.length).toBeGreaterThan(0);
      const figures = values(series);
      expect(figures.length).toBeGreaterThan(0);
      expect(figures.filter((value) => value < 0)).toEqual([]);
      if (QUIET.has(panel)) expect(Math.max(...figures)).toBe(0);
      else if (ONLY_UNDER_LOAD.has(panel)) expect(Math.max(...figures)).toBeLessThan(10);
    });

    it("agrees with what was sent: all that was acknowledged was counted once, stored once, and nothing waits", async () => {
      expect(sent).toBeGreaterThan(100);
      expect(await now("sum(chat_messages_posted_total)")).toBe(sent);
      expect(await now("sum(consumer_messages_processed_total)")).toBe(sent + load.otherRecords);
      expect(await now("sum(consumer_lag)")).toBe(0);
      expect(load.heard).toBe(areOne ? sent * nodes.length : sent);
    });

    it("throughput is the rate at which was posted, and its area is what was posted", async () => {
      for (const [legend, expected] of [
        ["posted a second", sent],
        ["processed a second", sent + load.otherRecords],
      ] as const) {
        const rates = values(await shown("Throughput", legend));
        const area = sum(rates) * STEP_SECONDS;
        expect(Math.abs(area - expected) / expected, `${legend}: ${area} of ${expected}`).toBeLessThan(TOLERANCE);
      }
    });

    it("each node's share is what was posted to it", async () => {
      for (const [at, { ops }] of nodes.entries()) {
        expect(await now(`chat_messages_posted_total{instance="${ops}"}`)).toBe(load.posted[at]);
      }
      const instances = (await shown("Posted a second", "{{instance}}")).map(({ labels }) => labels["instance"]);
      expect(instances.sort()).toEqual(nodes.map(({ ops }) => ops).sort());
    });

    it("the breakdown and the work per second are of one piece: time for each batch, times batches", async () => {
      for (const [legend, name] of [
        ["store write", "db"],
        ["broadcast", "broadcast"],
        ["whole batch", "processing"],
      ] as const) {
        const average = values(await shown("Processing breakdown", legend));
        expect(average.filter((value) => value > 0).length, legend).toBeGreaterThan(0);
        const worked = sum(values(await shown("Work time per second", legend))) * STEP_SECONDS;
        const counted = await now(`sum(consumer_${name}_duration_seconds_sum)`);
        expect(Math.abs(worked - counted) / counted, `${legend}: ${worked} of ${counted}`).toBeLessThan(2 * TOLERANCE);
      }
    });

    it("the lag is there while it is posted, and 0 at the end", async () => {
      const series = await shown("Lag", "records waiting");
      expect(series).toHaveLength(1);
      expect(series[0]?.points.at(-1)?.[1]).toBe(0);
    });

    it("listeners are counted as users, and their sessions by door", async () => {
      expect(Math.max(...values(await shown("Who is there", "users over WebSocket")))).toBe(nodes.length);
      const doors = await shown("Who is there", "{{door}}");
      const webSockets = doors.find(({ labels }) => labels["door"] === "websocket");
      expect(Math.max(...values(webSockets === undefined ? [] : [webSockets]))).toBe(nodes.length);
    });
  });
}
