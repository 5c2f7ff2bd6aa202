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

/** A rate goes on beyond the first and the last scrape of its span for up to a scrape: so it differs a little. */
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

    const question = (panel: string, legend: string): string => {
      const found = queries.find((query) => query.panel === panel && query.legend === legend);
      if (found === undefined) throw new Error(`no panel asks for ${panel}, ${legend}`);
      return found.expr;
    };

    /** The panel's own question with that legend. */
    const shown = (panel: string, legend: string): Promise<readonly Series[]> => over(question(panel, legend));

    /** The answer at the end of the load. */
    const atEnd = async (expr: string): Promise<number> =>
      [...(await load.prometheus.at(expr, load.to)).values()][0] ?? Number.NaN;

    /**
     * What a panel's rate comes to: its own question, over a span that holds every scrape that there was. A rate over a few
     * seconds knows nothing of what was counted between two scrapes that are further apart, as they are where the machine
     * stood still; the sum of such rates may fall short of what was sent, and only that.
     */
    const total = async (panel: string, legend: string): Promise<number> => {
      const span = Math.ceil(load.to - load.from);
      return (await atEnd(asked(question(panel, legend), span))) * span;
    };

    /** Holds what a panel's rate comes to against what was counted. */
    const expectTotal = async (panel: string, legend: string, counted: number): Promise<void> => {
      const found = await total(panel, legend);
      expect(Math.abs(found - counted) / counted, `${legend}: ${found} of ${counted}`).toBeLessThan(TOLERANCE);
      const rates = values(await shown(panel, legend));
      const area = sum(rates) * STEP_SECONDS;
      expect(area / counted, `${legend}, as it is drawn: ${area} of ${counted}`).toBeLessThan(1 + TOLERANCE);
      expect(Math.max(...rates), `${legend}, at its highest`).toBeGreaterThan(0);
      expect(rates.at(-1), `${legend}, at the end`).toBe(0);
    };
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
      expect(await atEnd("sum(chat_messages_posted_total)")).toBe(sent);
      expect(await atEnd("sum(consumer_messages_processed_total)")).toBe(sent + load.otherRecords);
      expect(await atEnd("sum(consumer_lag)")).toBe(0);
      expect(load.heard).toBe(areOne ? sent * nodes.length : sent);
    });

    it("throughput is the rate at which was posted, and its area is what was posted", async () => {
      await expectTotal("Throughput", "posted a second", sent);
      await expectTotal("Throughput", "processed a second", sent + load.otherRecords);
    });

    it("each node's share is what was posted to it", async () => {
      for (const [at, { ops }] of nodes.entries()) {
        expect(await atEnd(`chat_messages_posted_total{instance="${ops}"}`)).toBe(load.posted[at]);
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
        const counted = await atEnd(`sum(consumer_${name}_duration_seconds_sum)`);
        await expectTotal("Work time per second", legend, counted);
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
