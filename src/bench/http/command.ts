/**
 * Load tool, the command line: `verbatim bench http`. Reads options, runs, prints; whether nothing fell short is what the
 * exit code says.
 */
import { Command } from "commander";
import { guarded, json, print, settingOf, withCommonOptions } from "../command-line.ts";
import { numberFromZero, positiveNumber, wholeFromZero, wholeNumber } from "../options.ts";
import { compareHttp, measureRunning, measureServer } from "./http-measure.ts";
import { HTTP_DEFAULTS, type HttpOptions, httpOptions, httpPlanOf } from "./http-options.ts";
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
    .option("--baseline", "run server and a bare node:http server in turn, and print the ratio", false)
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
  const setting = settingOf(options, options.http !== undefined);
  if (options.suite) return runHttpSuite({ quick: options.quick, json: options.json, setting, print });
  if (options.baseline) {
    const comparison = await compareHttp(plan, options.runs, setting);
    print(options.json ? json(comparison) : comparison.measurements.map(describeHttp).join("\n\n"));
    if (!options.json) print(`\n${describeHttpComparison(comparison)}\n  cores     ${setting.cores.note}`);
    return !comparison.shortfall;
  }
  const measurement = await (options.http === undefined
    ? measureServer(plan, setting)
    : measureRunning(options.http, options.pid, plan, setting));
  if (options.json) print(json({ ...measurement, cores: setting.cores.note }));
  else print(`${describeHttp(measurement)}\n  cores     ${setting.cores.note}`);
  return !measurement.result.shortfall;
}
