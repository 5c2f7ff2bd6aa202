/**
 * Test support: a real Prometheus with the configuration that is shipped, its targets changed for those of a test.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "../../scripts/engines/engine.mjs";
import { tempFolder } from "./clean-checkout.ts";
import { startProgram } from "./programs.ts";
import { readProjectFile } from "./project-files.ts";
import { until } from "./until.ts";

/** A series over a span of time. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds since 1970, and the value; what is no number is left out. */
  readonly points: readonly (readonly [number, number])[];
}

/** Prometheus, running. */
export interface RunningPrometheus {
  /** Asks for a span of time, in seconds since 1970. Rejects where the question is none. */
  range(expr: string, from: number, to: number, stepSeconds: number): Promise<readonly Series[]>;
  /** Asks for one moment, in seconds since 1970: the values by the text of their labels, `{}` where there are none. */
  at(expr: string, time: number): Promise<ReadonlyMap<string, number>>;
  /** The same for now. */
  now(expr: string): Promise<ReadonlyMap<string, number>>;
  /** Whether a question is written rightly; rejects with what is wrong. */
  parses(expr: string): Promise<void>;
  close(): Promise<void>;
}

const START_WITHIN_MS = 20_000;
const SHIPPED = "deploy/prometheus/prometheus.yml";

/** Starts it; resolves when it has scraped each target once. Targets are `HOST:PORT`. */
export async function startPrometheus(targets: readonly string[], scrapeSeconds: number): Promise<RunningPrometheus> {
  const [port = 0] = await freePorts(1);
  const folder = tempFolder("prometheus");
  const config = readProjectFile(SHIPPED)
    .replace(/targets: \[.*\]/, `targets: ${JSON.stringify(targets)}`)
    .replaceAll(/(scrape_(?:interval|timeout)): \w+/g, `$1: ${scrapeSeconds}s`);
  const path = join(folder.path, "prometheus.yml");
  writeFileSync(path, config);
  const args = [`--config.file=${path}`, `--storage.tsdb.path=${join(folder.path, "data")}`];
  const program = startProgram("prometheus", [...args, `--web.listen-address=127.0.0.1:${port}`, "--log.level=warn"], {
    cwd: folder.path,
    env: {},
  });
  const close = async (): Promise<void> => {
    await program.end("SIGKILL");
    folder.remove();
  };
  const api = async (path: string, parameters: Readonly<Record<string, string>>): Promise<unknown> => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`, {
      method: "POST",
      body: new URLSearchParams(parameters),
    });
    const { status, data, error } = (await answer.json()) as Record<string, unknown>;
    if (status !== "success") throw new Error(`Prometheus: ${error} (${JSON.stringify(parameters)})`);
    return data;
  };
  const prometheus: RunningPrometheus = {
    range: async (query, start, end, step) => {
      const data = await api("query_range", { query, start: `${start}`, end: `${end}`, step: `${step}` });
      const { result } = data as { result: { metric: Record<string, string>; values: [number, string][] }[] };
      return result.map(({ metric, values }) => ({
        labels: metric,
        points: values
          .map(([time, value]): [number, number] => [time, Number(value)])
          .filter(([, value]) => Number.isFinite(value)),
      }));
    },
    at: async (query, time) => {
      const { result } = (await api("query", { query, time: `${time}` })) as {
        result: { metric: Record<string, string>; value: [number, string] }[];
      };
      return new Map(result.map(({ metric, value }) => [JSON.stringify(metric), Number(value[1])]));
    },
    now: (query) => prometheus.at(query, Date.now() / 1000),
    parses: async (query) => {
      await api("format_query", { query });
    },
    close,
  };
  try {
    await until(
      START_WITHIN_MS,
      () => `Prometheus to have scraped ${targets.join(", ")}; it said:\n${program.output()}`,
      async () => {
        const up = await prometheus.now("up == 1").catch(() => undefined);
        return up?.size === targets.length ? true : undefined;
      },
    );
  } catch (error) {
    await close();
    throw error;
  }
  return prometheus;
}
