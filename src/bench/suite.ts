/**
 * Load tool, the whole table: every load that the project's figures are given for, one after the other, as markdown.
 * About ten minutes; `quick` takes about one and is for a look only.
 */
import { tmpdir } from "node:os";
import { type Comparison, compare, PAIRS } from "./baseline.ts";
import { probeDisk } from "./disk-probe.ts";
import { logGrowth } from "./log-growth.ts";
import { machine } from "./machine.ts";
import { type Measurement, measure } from "./measure.ts";
import { planOf, type TcpOptions, tcpOptions } from "./options.ts";
import { bytesPerUser, count, describeComparison, describeGrowth, describeMeasurement, ms } from "./report.ts";
import type { Setting } from "./stage.ts";
import { atLeast, atMost, p99Text, type Row, table } from "./suite-table.ts";

/** How the suite is run. */
export interface SuiteOptions {
  readonly quick: boolean;
  readonly json: boolean;
  readonly setting: Setting;
  readonly print: (text: string) => void;
}

/** One load of the suite: the options that differ from the defaults, and the rows that come of it. */
interface Entry {
  readonly flags: string;
  readonly options: Partial<TcpOptions>;
  readonly rows: (outcome: Outcome) => readonly Omit<Row, "command">[];
}

type Outcome = { readonly comparison: Comparison | undefined; readonly measurement: Measurement | undefined };

/** Runs all, prints the table; whether nothing fell short (a missed figure is no shortfall, a lost message is). */
export async function runSuite(suite: SuiteOptions): Promise<boolean> {
  const { setting, print, json } = suite;
  const disk = probeDisk(setting.data ?? tmpdir());
  const rows: Row[] = [];
  let whole = true;
  for (const entry of entries(suite.quick)) {
    const outcome = await runEntry(entry, setting);
    const measurements = outcome.comparison?.measurements ?? [outcome.measurement as Measurement];
    const shortfall = measurements.some(({ result }) => result.shortfall);
    if (shortfall) whole = false;
    if (!json) {
      if (outcome.comparison !== undefined) print(describeComparison(outcome.comparison));
      const told = measurements.filter((each) => each.result.shortfall || each === outcome.measurement);
      for (const each of told) print(describeMeasurement(each));
    }
    const extra = setting.serverArgs === "" ? "" : ` --server-args "${setting.serverArgs}"`;
    const command = `verbatim bench tcp ${entry.flags}${extra}`;
    for (const row of entry.rows(outcome)) rows.push({ ...row, reached: shortfall ? "missed" : row.reached, command });
  }
  const notes = [
    machine(),
    setting.cores.note,
    `fdatasync p50 ${count(disk.syncP50Micros)} µs (32 KiB)${disk.inMemory ? ", in memory" : ""}`,
  ];
  print(json ? JSON.stringify({ rows, notes, whole }, null, 2) : `\n${table(rows)}\n\n${notes.join("; ")}`);
  return whole;
}

async function runEntry(entry: Entry, setting: Setting): Promise<Outcome> {
  const options = tcpOptions(entry.options);
  const plan = planOf(options, Math.random);
  const named = { ...setting, progress: (line: string): void => setting.progress(`${entry.flags}  ${line}`) };
  if (options.baseline)
    return { comparison: await compare(PAIRS.tcp, plan, options.runs, named), measurement: undefined };
  return { comparison: undefined, measurement: await measure("server", plan, named) };
}

function entries(quick: boolean): readonly Entry[] {
  const runs = quick ? 1 : 3;
  const duration = quick ? 3 : 6;
  const twice = { baseline: true, runs, duration };
  const tail = `--duration ${duration} --baseline --runs ${runs}`;
  const users = quick ? 2000 : 10_000;
  const millions = quick ? 1 : 10;
  const timeScale = quick ? 20 : 1;
  const stressUsers = quick ? 240 : 2400;
  return [
    windowEntry(16, 1.5, 2, twice, tail),
    windowEntry(64, 2, 3, twice, tail),
    { flags: `--rate 200 ${tail}`, options: { ...twice, rate: 200 }, rows: rateRows },
    {
      flags: `--stress --users ${stressUsers} --time-scale ${timeScale} --duration ${quick ? 3 : 30}`,
      options: { stress: true, users: stressUsers, timeScale, duration: quick ? 3 : 30 },
      rows: ({ measurement }) => [latencyRow(`stress shape, ${count(stressUsers)} users`, measurement, undefined, 50)],
    },
    {
      flags: `--join-storm --duration ${duration}`,
      options: { joinStorm: true, duration },
      rows: ({ measurement }) => [latencyRow("1 room × 1,000 users, 2 × 20 msg/s", measurement, 500, 50)],
    },
    {
      flags: `--idle ${users}`,
      options: { idle: users },
      rows: ({ measurement }) => [memoryRow(users, measurement)],
    },
    {
      flags: `--log-growth ${millions}`,
      options: { logGrowth: millions },
      rows: ({ measurement }) => [growthRow(millions, measurement)],
    },
  ];
}

function windowEntry(window: number, least: number, aim: number, twice: Partial<TcpOptions>, tail: string): Entry {
  return {
    flags: `--window ${window} ${tail}`,
    options: { ...twice, window },
    rows: ({ comparison }) => {
      const ratio = comparison?.deliveriesRatio ?? Number.NaN;
      const server = comparison?.measured.deliveredPerSecond ?? 0;
      const relay = comparison?.compared.deliveredPerSecond ?? 0;
      return [
        {
          load: `24 rooms × 2 users, window ${window}`,
          measured: `${ratio.toFixed(2)} × the relay (${count(server)} against ${count(relay)} deliveries/s)`,
          ...atLeast(ratio, least, aim, (value) => `${value} ×`),
        },
      ];
    },
  };
}

function rateRows({ comparison }: Outcome): readonly Omit<Row, "command">[] {
  const { measured: server, compared: relay } = comparison ?? {};
  const load = "24 rooms × 2 users × 200 msg/s";
  const cpu = comparison?.cpuRatio ?? Number.NaN;
  const each = `${server?.cpuMicrosPerDelivery.toFixed(2)} against ${relay?.cpuMicrosPerDelivery.toFixed(2)} µs`;
  const p99 = server?.p99Ms ?? Number.NaN;
  return [
    { load, measured: `p99 ${ms(p99)} (relay ${ms(relay?.p99Ms ?? Number.NaN)})`, ...atMost(p99, 25, 5, p99Text) },
    { load: `${load}: CPU`, measured: `${cpu.toFixed(2)} × (${each})`, ...atMost(cpu, 2.5, 1.2, (v) => `≤ ${v} ×`) },
  ];
}

function latencyRow(
  load: string,
  measurement: Measurement | undefined,
  least: number | undefined,
  aim: number,
): Omit<Row, "command"> {
  const p99 = measurement?.result.latencyMs.p99 ?? Number.NaN;
  const out = count(measurement?.result.deliveredPerSecond ?? Number.NaN);
  const measured = `p99 ${ms(p99)} at ${out} deliveries/s`;
  const bounds = atMost(p99, least ?? Number.POSITIVE_INFINITY, aim, p99Text);
  return { load, measured, ...bounds, atLeast: least === undefined ? "0 lost" : bounds.atLeast };
}

function memoryRow(users: number, measurement: Measurement | undefined): Omit<Row, "command"> {
  const kib = measurement === undefined ? Number.NaN : (bytesPerUser(measurement.result) ?? Number.NaN) / 1024;
  const measured = `${kib.toFixed(1)} KiB each`;
  return { load: `${count(users)} connected users`, measured, ...atMost(kib, 12, 6, (value) => `≤ ${value} KiB`) };
}

function growthRow(millions: number, measurement: Measurement | undefined): Omit<Row, "command"> {
  const growth = logGrowth(measurement?.result.timeline ?? [], measurement?.result.sent ?? 0);
  const measured = describeGrowth(growth).replace(/^\s*growth\s*/, "");
  return { load: `log after ${millions} million`, measured, ...atLeast(growth.ratio, 0.8, 0.95, (v) => `≥ ${v}`) };
}
