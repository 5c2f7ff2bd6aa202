/**
 * Load tool, the command line: `verbatim bench tcp` and `verbatim bench relay`. Reads options, runs, prints, and hands
 * over the exit code: 1 on any shortfall.
 */
import { Command } from "commander";
import { compare } from "./baseline.ts";
import { takeCores } from "./cores.ts";
import { logGrowth } from "./log-growth.ts";
import { type Measurement, measure, measureRunning, type Setting } from "./measure.ts";
import {
  numberFromZero,
  planOf,
  positiveNumber,
  TCP_DEFAULTS,
  type TcpOptions,
  tcpOptions,
  wholeNumber,
} from "./options.ts";
import { serveRelay } from "./relay-process.ts";
import { describeComparison, describeGrowth, describeMeasurement } from "./report.ts";
import { runSuite } from "./suite.ts";

/** The command; `finish` hears the exit code. */
export function benchCommand(finish: (exitCode: number) => void): Command {
  const bench = new Command("bench").description("measure a server under load, and check every delivery");
  bench.addCommand(tcpCommand(finish));
  bench
    .command("relay")
    .description("run the plain in-memory relay that the server is compared with")
    .option("--tcp <HOST:PORT>", "where to listen", "127.0.0.1:8080")
    .action(async (options: { tcp: string }) => finish(await guarded(() => serveRelay(options.tcp))));
  return bench;
}

function tcpCommand(finish: (exitCode: number) => void): Command {
  return new Command("tcp")
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
    .option("--tcp <HOST:PORT>", "measure a server that runs already")
    .option("--pid <PID>", "with --tcp: its process, for its processor time and memory", wholeNumber)
    .option("--data <DIR>", "where to make the server's data folder: choose a real disk")
    .option("--server-args <ARGS>", 'more for `verbatim serve`, e.g. "VERBATIM_…=1 --retain-days 1"', "")
    .option("--cpu-prof <DIR>", "write a CPU profile of the server there")
    .option("--json", "print the result as JSON", false)
    .option("--progress", "a progress line each second even where there is no terminal", false)
    .action(async (given: Partial<TcpOptions>) => {
      const options = tcpOptions(given);
      finish(await guarded(() => runTcp(options)));
    });
}

const NOT_OURS = { server: undefined, tool: undefined, note: "not pinned: the server ran already" };

async function runTcp(options: TcpOptions): Promise<boolean> {
  if ((options.tcp !== undefined ? 1 : 0) + (options.baseline || options.suite ? 1 : 0) + (options.relay ? 1 : 0) > 1) {
    throw new Error("--tcp, --relay and --baseline or --suite say different things about what to measure.");
  }
  const plan = planOf(options, Math.random);
  const setting: Setting = {
    cores: options.tcp === undefined ? takeCores() : NOT_OURS,
    data: options.data,
    serverArgs: options.serverArgs,
    cpuProf: options.cpuProf,
    progress: progressOf(options),
  };
  if (options.suite) return runSuite({ quick: options.quick, json: options.json, setting, print });
  if (options.baseline) {
    const comparison = await compare(plan, options.runs, setting);
    print(options.json ? json(comparison) : comparison.measurements.map(describeMeasurement).join("\n\n"));
    if (!options.json) print(`\n${describeComparison(comparison)}\n  cores     ${setting.cores.note}`);
    return !comparison.shortfall;
  }
  const measurement = await (options.tcp === undefined
    ? measure(options.relay ? "relay" : "server", plan, setting)
    : measureRunning(options.tcp, options.pid, plan, setting));
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

function json(value: unknown): string {
  // The timeline is for reading the log's growth from; thousands of samples are no result.
  return JSON.stringify(value, (key, part: unknown) => (key === "timeline" ? undefined : part), 2);
}

function print(text: string): void {
  // The progress line stands where the cursor is.
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  process.stdout.write(`${text}\n`);
}

function progressOf(options: TcpOptions): (line: string) => void {
  const { stderr } = process;
  if (stderr.isTTY && !options.json) return (line) => stderr.write(`\r\x1b[K${line}\r`);
  return (line) => options.progress && stderr.write(`${line}\n`);
}

/** Exit code 0 where `run` says that all was well. What is wrong with the call is one line. */
async function guarded(run: () => Promise<boolean>): Promise<number> {
  // Ends through `exit`, so that what was started is ended too.
  const interrupted = () => process.exit(130);
  const terminated = () => process.exit(143);
  process.once("SIGINT", interrupted);
  process.once("SIGTERM", terminated);
  try {
    return (await run()) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`verbatim: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  } finally {
    process.removeListener("SIGINT", interrupted);
    process.removeListener("SIGTERM", terminated);
  }
}
