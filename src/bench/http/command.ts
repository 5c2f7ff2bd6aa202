/**
 * Load tool, the command line: `verbatim bench http`. Reads options, runs, prints; whether nothing fell short is what the
 * exit code says.
 */
import { Command } from "commander";
import { measureCluster } from "../cluster/measure-cluster.ts";
import { guarded, json, print, settingOf, withCommonOptions } from "../command-line.ts";
import { numberFromZero, positiveNumber, wholeFromZero, wholeNumber } from "../options.ts";
import type { Setting } from "../stage.ts";
import { compareHttp } from "./http-baseline.ts";
import { type HttpMeasurement, measureRunning, measureServer } from "./http-measure.ts";
import { enginesOf, HTTP_DEFAULTS, type HttpOptions, httpOptions, httpPlanOf, twoPids } from "./http-options.ts";
import { pairOf } from "./http-pairs.ts";
import { describeHttp, describeHttpComparison } from "./http-report.ts";
import { runHttpSuite } from "./http-suite.ts";

/** The command; `finish` hears the exit code. */
export function httpCommand(finish: (exitCode: number) => void): Command {
  const command = new Command("http")
    .description("posts over HTTP, listeners over WebSocket; without --http it starts a server of its own")
    .option("--connections <C>", "connections that post, each a user with one post outstanding (50)", wholeNumber)
    .option("--listeners <L>", "WebSockets that listen, each another user (10)", wholeFromZero)
    .option("--chats <N>", "chats over which both are spread, round robin (1)", wholeNumber)
    .option("--rate <X>", "posts a second in all, whether the server keeps up or not", positiveNumber)
    .option("--payload <BYTES>", "bytes of each text", wholeNumber, HTTP_DEFAULTS.payload)
    .option("--warmup <SECONDS>", "before measuring (3)", numberFromZero)
    .option("--duration <SECONDS>", "measured time (10)", positiveNumber)
    .option("--drain <SECONDS>", "how long to wait for the rest at the end", positiveNumber, HTTP_DEFAULTS.drain)
    .option("--members <M>", "instead: 1 chat of M members who all listen, 10 posts/s", wholeNumber)
    .option("--idle <N>", "instead: N silent WebSockets; memory for each", wholeNumber)
    .option("--reconnect <N>", "instead: N sessions over 24 chats, all cut off at once and back", wholeNumber)
    .option("--away <SECONDS>", "with --reconnect: how long they are away", numberFromZero, HTTP_DEFAULTS.away)
    .option("--page-reads <M>", "instead: reads of the newest page of M messages while 5,000/s come", wholeNumber)
    .option("--read-rate <X>", "with --page-reads: pages a second", positiveNumber, HTTP_DEFAULTS.readRate)
    .option(
      "--page-limit <N>",
      "with --page-reads: messages a page; 0: no query",
      wholeFromZero,
      HTTP_DEFAULTS.pageLimit,
    )
    .option("--page-anywhere", "with --page-reads: pages from anywhere in the chat, not its newest", false)
    .option("--kafka <HOST:PORT,…>", "measure a node of a cluster on these brokers, with a topic of its own")
    .option("--cql <HOST:PORT,…>", "with --kafka: on this database, with a keyspace of its own")
    .option("--engine-pids <KAFKA,CQL>", "with --kafka: their processes, where they can't be found by port", twoPids)
    .option("--baseline", "run server and a bare node:http server (with --kafka the plain way) in turn", false)
    .option(
      "--plain-at-once <N>",
      "with --kafka --baseline: records it works on at once",
      wholeNumber,
      HTTP_DEFAULTS.plainAtOnce,
    )
    .option("--runs <N>", "with --baseline: runs of each", wholeNumber, HTTP_DEFAULTS.runs)
    .option("--suite", "run the whole table and print it as markdown", false)
    .option("--quick", "with --suite: a short one, for a look", false)
    .option("--http <HOST:PORT>", "measure a server that runs already, in open mode")
    .option("--pid <PID>", "with --http: its process, for its processor time and memory", wholeNumber);
  return withCommonOptions(command).action(async (given: Partial<HttpOptions>) => {
    finish(await guarded(() => runHttpCommand(httpOptions(given))));
  });
}

async function runHttpCommand(options: HttpOptions): Promise<boolean> {
  if (options.http !== undefined && (options.baseline || options.suite)) {
    throw new Error("--http and --baseline or --suite say different things about what to measure.");
  }
  const plan = httpPlanOf(options);
  const engines = enginesOf(options);
  const setting = engines === undefined ? settingOf(options, options.http !== undefined) : shared(options);
  if (options.suite) return runHttpSuite({ quick: options.quick, json: options.json, setting, print });
  if (options.baseline) {
    const comparison = await compareHttp(pairOf(engines), plan, options.runs, setting);
    print(options.json ? json(comparison) : comparison.measurements.map(describeHttp).join("\n\n"));
    if (!options.json) print(`\n${describeHttpComparison(comparison)}\n  cores     ${setting.cores.note}`);
    return !comparison.shortfall;
  }
  const measure = (): Promise<HttpMeasurement> => {
    if (options.http !== undefined) return measureRunning(options.http, options.pid, plan, setting);
    return engines === undefined ? measureServer(plan, setting) : measureCluster("node", plan, setting, engines);
  };
  const measurement = await measure();
  if (options.json) print(json({ ...measurement, cores: setting.cores.note }));
  else print(`${describeHttp(measurement)}\n  cores     ${setting.cores.note}`);
  return !measurement.result.shortfall;
}

/** Engines, node and tool take what cores there are: whoever pins one of four to a core decides the outcome. */
function shared(options: HttpOptions): Setting {
  const cores = { server: undefined, tool: undefined, note: "not pinned: engines, node and tool share all cores" };
  return { ...settingOf(options, true), cores };
}
