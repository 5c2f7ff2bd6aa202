/**
 * Load tool, the whole table over HTTP: every load that the project's figures are given for, one after the other, as
 * markdown. About ten minutes; `quick` takes about two and is for a look only.
 */
import { tmpdir } from "node:os";
import { compare, PAIRS } from "../baseline.ts";
import { probeDisk } from "../disk-probe.ts";
import type { Share } from "../load-result.ts";
import { machine } from "../machine.ts";
import { measure } from "../measure.ts";
import { planOf, type TcpOptions, tcpOptions } from "../options.ts";
import { bytesPerUser, count, describeComparison, describeMeasurement, ms } from "../report.ts";
import type { Setting } from "../stage.ts";
import { atLeast, atMost, p99Text, type Row, table } from "../suite-table.ts";
import { compareHttp, type HttpComparison } from "./http-baseline.ts";
import { type HttpMeasurement, measureServer } from "./http-measure.ts";
import { type HttpOptions, httpOptions, httpPlanOf } from "./http-options.ts";
import { pairOf } from "./http-pairs.ts";
import { bytesPerListener, describeHttp, describeHttpComparison } from "./http-report.ts";

/** How the suite is run. */
export interface HttpSuiteOptions {
  readonly quick: boolean;
  readonly json: boolean;
  readonly setting: Setting;
  readonly print: (text: string) => void;
}

/** Runs all, prints the table; whether nothing fell short (a missed figure is no shortfall, a lost message is). */
export async function runHttpSuite(options: HttpSuiteOptions): Promise<boolean> {
  const { setting, print, json, quick } = options;
  const disk = probeDisk(setting.data ?? tmpdir());
  const suite = new HttpSuite(options);
  for (const connections of [50, 200]) {
    const rate = await suite.posts(connections);
    await suite.half(connections, rate);
  }
  await suite.members(quick ? 1000 : 5000);
  await suite.rooms();
  await suite.idle(quick ? 2000 : 10_000);
  await suite.idleSessions(quick ? 2000 : 10_000);
  await suite.reconnect(quick ? 1000 : 5000);
  for (const limit of [100, 0]) await suite.pages(quick ? 50_000 : 1_000_000, limit);
  const { rows, whole, waitPercent } = suite;
  const notes = [
    machine(),
    setting.cores.note,
    `at worst the server waited ${waitPercent.toFixed(0)} % of the time for its core`,
    `fdatasync p50 ${count(disk.syncP50Micros)} µs (32 KiB)${disk.inMemory ? ", in memory" : ""}`,
  ];
  print(json ? JSON.stringify({ rows, notes, whole }, null, 2) : `\n${table(rows)}\n\n${notes.join("; ")}`);
  return whole;
}

class HttpSuite {
  readonly rows: Row[] = [];
  whole = true;
  /** The largest share of a measurement for which a server was kept from its core: what else ran on the machine. */
  waitPercent = 0;
  readonly #options: HttpSuiteOptions;
  readonly #seconds: number;
  readonly #runs: number;

  constructor(options: HttpSuiteOptions) {
    this.#options = options;
    this.#seconds = options.quick ? 3 : 6;
    this.#runs = options.quick ? 1 : 3;
  }

  /** Posts against the bare server; the server's posts a second. */
  async posts(connections: number): Promise<number> {
    const [duration, runs] = [this.#seconds, this.#runs];
    const flags = `http --connections ${connections} --duration ${duration} --baseline --runs ${runs}`;
    const comparison = await this.#compare(flags, { connections, duration, runs });
    const { postsRatio, measured: server, compared: bare } = comparison;
    this.#add(flags, comparison.shortfall, {
      load: `${connections} posting connections, 10 listeners, closed loop`,
      measured: `${postsRatio.toFixed(2)} × bare (${count(server.postsPerSecond)} against ${count(bare.postsPerSecond)} posts/s)`,
      ...atLeast(postsRatio, 0.4, 0.6, (value) => `${value} ×`),
    });
    return server.postsPerSecond;
  }

  /** The same at half of that rate. */
  async half(connections: number, postsPerSecond: number): Promise<void> {
    const rate = Math.max(1, Math.round(postsPerSecond / 2));
    const flags = `http --connections ${connections} --rate ${rate} --duration ${this.#seconds}`;
    const { result } = await this.#measure(flags, { connections, rate, duration: this.#seconds });
    const { p99, p50 } = result.pushLatencyMs;
    this.#add(flags, result.shortfall, {
      load: `the same at half of that rate: ${count(rate)} posts/s`,
      measured: `push p50 ${ms(p50)}, p99 ${ms(p99)}; post p99 ${ms(result.postLatencyMs.p99)}`,
      ...atMost(p99, 25, 10, (value) => `0 lost, push ${p99Text(value)}`),
    });
  }

  /** One chat whose members all listen. */
  async members(members: number): Promise<void> {
    const flags = `http --members ${members} --duration ${this.#seconds}`;
    const { result } = await this.#measure(flags, { members, duration: this.#seconds });
    const { p99, p50 } = result.pushLatencyMs;
    this.#add(flags, result.shortfall, {
      load: `1 chat × ${count(members)} WebSocket members, 10 msg/s`,
      measured: `push p50 ${ms(p50)}, p99 ${ms(p99)}`,
      ...atMost(p99, 500, 150, p99Text),
    });
  }

  /** Rooms over WebSocket against the same over TCP. */
  async rooms(): Promise<void> {
    const [duration, runs] = [this.#seconds, this.#runs];
    const flags = `tcp --websocket --window 16 --duration ${duration} --baseline --runs ${runs}`;
    const plan = planOf(tcpOptions({ window: 16, duration }), Math.random);
    const comparison = await compare(PAIRS.websocket, plan, runs, this.#named(flags));
    this.#tell(describeComparison(comparison));
    for (const { result } of comparison.measurements) this.#disturbed(result.server);
    const { deliveriesRatio, measured, compared } = comparison;
    const [over, tcp] = [measured.deliveredPerSecond, compared.deliveredPerSecond];
    this.#add(flags, comparison.shortfall, {
      load: "24 rooms × 2 WebSocket users, window 16",
      measured: `${deliveriesRatio.toFixed(2)} × TCP (${count(over)} against ${count(tcp)} deliveries/s)`,
      ...atLeast(deliveriesRatio, 0.7, 0.9, (value) => `${value} ×`),
    });
  }

  /** Silent feeds. */
  async idle(idle: number): Promise<void> {
    const flags = `http --idle ${idle}`;
    const { result } = await this.#measure(flags, { idle });
    this.#addMemory(flags, `${count(idle)} idle WebSockets, /ws/connect`, result.shortfall, bytesPerListener(result));
  }

  /** Silent sessions that have joined a room. */
  async idleSessions(idle: number): Promise<void> {
    const flags = `tcp --websocket --idle ${idle}`;
    const options: Partial<TcpOptions> = { idle };
    const measurement = await measure("websocket", planOf(tcpOptions(options), Math.random), this.#named(flags));
    this.#tell(describeMeasurement(measurement));
    this.#disturbed(measurement.result.server);
    const { result } = measurement;
    this.#addMemory(flags, `${count(idle)} idle WebSockets, /ws, joined`, result.shortfall, bytesPerUser(result));
  }

  /** Sessions that are cut off at once. */
  async reconnect(reconnect: number): Promise<void> {
    const flags = `http --reconnect ${reconnect}`;
    const { result } = await this.#measure(flags, { reconnect });
    const seconds = (result.comeBack?.allMs ?? Number.NaN) / 1000;
    this.#add(flags, result.shortfall, {
      load: `${count(reconnect)} sessions cut at once, all back and caught up`,
      measured: `${seconds.toFixed(2)} s, ${count(result.findings.counts.lost)} lost`,
      ...atMost(seconds, 15, 5, (value) => `≤ ${value} s, 0 lost`),
    });
  }

  /** Reads of the newest page while it is written to. */
  async pages(pageReads: number, pageLimit: number): Promise<void> {
    const flags = `http --page-reads ${pageReads} --page-limit ${pageLimit} --duration ${this.#seconds}`;
    const { result } = await this.#measure(flags, { pageReads, pageLimit, duration: this.#seconds });
    const { pages } = result;
    const p99 = pages?.latencyMs.p99 ?? Number.NaN;
    const page = pageLimit === 0 ? "newest page without a query" : `newest ${pageLimit}`;
    this.#add(flags, result.shortfall, {
      load: `${page} of a chat of ${count(pageReads)} while 5,000 msg/s are written`,
      measured: `p50 ${ms(pages?.latencyMs.p50 ?? Number.NaN)}, p99 ${ms(p99)} (${count(pages?.bytes ?? 0)} bytes)`,
      ...atMost(p99, 20, 5, p99Text),
    });
  }

  async #measure(flags: string, given: Partial<HttpOptions>): Promise<HttpMeasurement> {
    const measurement = await measureServer(httpPlanOf(httpOptions(given)), this.#named(flags));
    this.#tell(describeHttp(measurement));
    this.#disturbed(measurement.result.server);
    return measurement;
  }

  async #compare(flags: string, given: Partial<HttpOptions> & { readonly runs: number }): Promise<HttpComparison> {
    const comparison = await compareHttp(
      pairOf(undefined),
      httpPlanOf(httpOptions(given)),
      given.runs,
      this.#named(flags),
    );
    this.#tell(describeHttpComparison(comparison));
    for (const { result } of comparison.measurements) this.#disturbed(result.server);
    for (const each of comparison.measurements.filter(({ result }) => result.shortfall)) this.#tell(describeHttp(each));
    return comparison;
  }

  #addMemory(flags: string, load: string, shortfall: boolean, bytes: number | undefined): void {
    const kib = (bytes ?? Number.NaN) / 1024;
    const bounds = atMost(kib, 16, 10, (value) => `≤ ${value} KiB`);
    this.#add(flags, shortfall, { load, measured: `${kib.toFixed(1)} KiB each`, ...bounds });
  }

  #add(flags: string, shortfall: boolean, row: Omit<Row, "command">): void {
    if (shortfall) this.whole = false;
    const { serverArgs } = this.#options.setting;
    const command = `verbatim bench ${flags}${serverArgs === "" ? "" : ` --server-args "${serverArgs}"`}`;
    this.rows.push({ ...row, reached: shortfall ? "missed" : row.reached, command });
  }

  #disturbed(share: Share | undefined): void {
    this.waitPercent = Math.max(this.waitPercent, share?.waitPercent ?? 0);
  }

  #tell(text: string): void {
    if (!this.#options.json) this.#options.print(text);
  }

  #named(flags: string): Setting {
    const { setting } = this.#options;
    return { ...setting, progress: (line) => setting.progress(`${flags}  ${line}`) };
  }
}
