/**
 * Load tool, the command line: `verbatim bench tcp`. Reads options, runs, prints; whether nothing fell short is what the
 * exit code says.
 */
import { Command } from "commander";
import { compare, PAIRS } from "./baseline.ts";
import { guarded, json, print, settingOf, withCommonOptions } from "./command-line.ts";
import { logGrowth } from "./log-growth.ts";
import { type Measurement, measure, measureRunning } from "./measure.ts";
import {
  numberFromZero,
  planOf,
  positiveNumber,
  TCP_DEFAULTS,
  type TcpOptions,
  tcpOptions,
  wholeNumber,
} from "./options.ts";
import { describeComparison, describeGrowth, describeMeasurement } from "./report.ts";
import { runSuite } from "./suite.ts";

/** The command; `finish` hears the exit code. */
export function tcpCommand(finish: (exitCode: number) => void): Command {
  const command = new Command("tcp")
    .description("load over TCP; without --tcp it starts a server of its own on a fresh data folder")
    .option("--users <N>", "users that connect (2,400 with --stress)", wholeNumber)
    .option("--rooms <R>", "rooms that they join, round robin", wholeNumber)
    .option("--rooms-each <K>", "rooms that each user joins", wholeNumber, TCP_DEFAULTS.roomsEach)
    .option("--senders <S>", "only the first S users send", wholeNumber)
    .option("--rate <X>", "messages a second of each sender, whether the server keeps up or not", positiveNumber)
    .option("--window <W>", "instead: each sender keeps W messages outstanding (default 16)", wholeNumber)
    .option("--payload <BYTES>", "bytes of each text", wholeNumber, TCP_DEFAULTS.payload)
    .option("--keys", "send with keys, and count the acknowledgements", false)
    .option("--warmup <SECONDS>", "before measuring", numberFromZero, TCP_DEFAULTS.warmup)
    .option(
      "--duration <SECONDS>",
      "measured time; with --stress the time after the last user came",
      positiveNumber,
      TCP_DEFAULTS.duration,
    )
    .option("--drain <SECONDS>", "how long to wait for the rest at the end", positiveNumber, TCP_DEFAULTS.drain)
    .option(
      "--join-storm",
      "all users connect and join at once; 1 room, 1,000 users, 2 senders × 20/s unless told",
      false,
    )
    .option("--idle <N>", "instead: N silent connections; memory for each", wholeNumber)
    .option("--stress", "instead: the stress shape", false)
    .option("--time-scale <F>", "with --stress: F times as fast", positiveNumber, TCP_DEFAULTS.timeScale)
    .option(
      "--log-growth <M>",
      "instead: append M million messages; rate of the first million and the last",
      positiveNumber,
    )
    .option("--baseline", "run server and relay in turn, and print the ratio", false)
    .option("--runs <N>", "with --baseline: runs of each", wholeNumber, TCP_DEFAULTS.runs)
    .option("--relay", "measure the relay alone", false)
    .option("--suite", "run the whole table and print it as markdown", false)
    .option("--quick", "with --suite: a short one, for a look", false)
    .option("--websocket", "users come over WebSocket; with --baseline: compared with the same over TCP", false)
    .option("--tcp <HOST:PORT>", "measure a server that runs already")
    .option("--http <HOST:PORT>", "the same, over its WebSocket")
    .option("--pid <PID>", "with --tcp or --http: its process, for its processor time and memory", wholeNumber);
  return withCommonOptions(command).action(async (given: Partial<TcpOptions>) => {
    const options = tcpOptions(given);
    finish(await guarded(() => runTcp(options)));
  });
}

async function runTcp(options: TcpOptions): Promise<boolean> {
  const told = [
    options.tcp !== undefined,
    options.http !== undefined,
    options.baseline || options.suite,
    options.relay,
  ];
  if (told.filter(Boolean).length > 1) {
    throw new Error("--tcp, --http, --relay and --baseline or --suite say different things about what to measure.");
  }
  const plan = planOf(options, Math.random);
  const running = options.tcp ?? options.http;
  const setting = settingOf(options, running !== undefined);
  if (options.suite) return runSuite({ quick: options.quick, json: options.json, setting, print });
  if (options.baseline) {
    const comparison = await compare(options.websocket ? PAIRS.websocket : PAIRS.tcp, plan, options.runs, setting);
    print(options.json ? json(comparison) : comparison.measurements.map(describeMeasurement).join("\n\n"));
    if (!options.json) print(`\n${describeComparison(comparison)}\n  cores     ${setting.cores.note}`);
    return !comparison.shortfall;
  }
  const over = options.websocket || options.http !== undefined ? "websocket" : "tcp";
  const subject = options.relay ? "relay" : over === "websocket" ? "websocket" : "server";
  const measurement = await (running === undefined
    ? measure(subject, plan, setting)
    : measureRunning(running, over, options.pid, plan, setting));
  const growth = options.logGrowth === undefined ? undefined : growthOf(measurement);
  if (options.json) print(json({ ...measurement, growth, cores: setting.cores.note }));
  else {
    print(describeMeasurement(measurement));
    if (growth !== undefined) print(describeGrowth(growth));
    print(`  cores     ${setting.cores.note}`);
  }
  return !measurement.result.shortfall;
}

function growthOf({ result }: Measurement): ReturnType<typeof logGrowth> {
  return logGrowth(result.timeline, result.sent);
}
