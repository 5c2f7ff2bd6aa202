/**
 * Load tool, the command line's options in one typed shape, and the load that they ask for. Pure.
 */
import { InvalidArgumentError } from "commander";
import { type LoadPlan, type Pace, steadyLoad, stressLoad } from "./load-plan.ts";
import { TEXT_BYTES_MIN } from "./message-layout.ts";

/** `verbatim bench tcp`, as commander gives it. */
export interface TcpOptions {
  readonly users: number;
  readonly rooms: number;
  readonly roomsEach: number;
  readonly senders: number | undefined;
  readonly rate: number | undefined;
  readonly window: number | undefined;
  readonly payload: number;
  readonly keys: boolean;
  readonly warmup: number;
  readonly duration: number;
  readonly drain: number;
  readonly idle: number | undefined;
  readonly joinStorm: boolean;
  readonly stress: boolean;
  readonly timeScale: number;
  readonly logGrowth: number | undefined;
  readonly suite: boolean;
  readonly quick: boolean;
  readonly baseline: boolean;
  readonly relay: boolean;
  readonly runs: number;
  readonly websocket: boolean;
  readonly tcp: string | undefined;
  readonly http: string | undefined;
  readonly pid: number | undefined;
  readonly data: string | undefined;
  readonly serverArgs: string;
  readonly cpuProf: string | undefined;
  readonly json: boolean;
  readonly progress: boolean;
}

/** What holds where the command line says nothing; the suite's loads begin with the same. */
export const TCP_DEFAULTS: TcpOptions = {
  users: 48,
  rooms: 24,
  roomsEach: 1,
  senders: undefined,
  rate: undefined,
  window: undefined,
  payload: 64,
  keys: false,
  warmup: 2,
  duration: 10,
  drain: 15,
  idle: undefined,
  joinStorm: false,
  stress: false,
  timeScale: 1,
  logGrowth: undefined,
  suite: false,
  quick: false,
  baseline: false,
  relay: false,
  runs: 3,
  websocket: false,
  tcp: undefined,
  http: undefined,
  pid: undefined,
  data: undefined,
  serverArgs: "",
  cpuProf: undefined,
  json: false,
  progress: false,
};

/** All options from those that were given; some shapes have defaults of their own. */
export function tcpOptions(given: Partial<TcpOptions>): TcpOptions {
  const rate = given.window === undefined ? 20 : undefined;
  const storm: Partial<TcpOptions> = given.joinStorm === true ? { users: 1000, rooms: 1, senders: 2, rate } : {};
  const stress: Partial<TcpOptions> = given.stress === true ? { users: 2400 } : {};
  return { ...TCP_DEFAULTS, ...storm, ...stress, ...given };
}

/** Messages that each sender of a log's growth keeps outstanding. */
const LOG_GROWTH_WINDOW = 512;

/** The load that the options describe; `chance` gives numbers in 0 ≤ n < 1. */
export function planOf(options: TcpOptions, chance: () => number): LoadPlan {
  if (options.payload < TEXT_BYTES_MIN) throw new Error(`--payload is at least ${TEXT_BYTES_MIN} bytes.`);
  const basics = {
    textBytes: options.payload,
    keys: options.keys,
    warmupMs: options.warmup * 1000,
    durationMs: options.duration * 1000,
    drainMs: options.drain * 1000,
  };
  const { users, rooms, roomsEach } = options;
  if (options.stress) return stressLoad({ ...basics, users, rooms, timeScale: options.timeScale, chance });
  const steady = { ...basics, users, rooms, roomsEach, pace: paceOf(options), atOnce: options.joinStorm };
  if (options.idle !== undefined) {
    const silent = steadyLoad({ ...steady, users: options.idle, senders: 0, warmupMs: 0, durationMs: 0 });
    return { ...silent, title: `${options.idle} users over ${rooms} rooms, silent` };
  }
  if (options.logGrowth !== undefined) {
    const pace: Pace = { kind: "window", messages: LOG_GROWTH_WINDOW };
    const writers = { ...steady, users: rooms, senders: rooms, roomsEach: 1, pace, warmupMs: 0 };
    const plan = steadyLoad({ ...writers, durationMs: Number.MAX_SAFE_INTEGER });
    const messagesMax = Math.round(options.logGrowth * 1e6);
    return { ...plan, messagesMax, title: `${options.logGrowth} million messages into ${rooms} rooms` };
  }
  const senders = Math.min(users, options.senders ?? users);
  const plan = steadyLoad({ ...steady, senders });
  return options.joinStorm ? { ...plan, title: `${plan.title}, all joining at once` } : plan;
}

/** The words of `--server-args`: `NAME=value` before the first flag is environment, the rest arguments. */
export function splitServerArgs(text: string): { environment: readonly string[]; args: readonly string[] } {
  const words = text.split(/\s+/).filter((word) => word !== "");
  const first = words.findIndex((word) => !/^[A-Z][A-Z0-9_]*=/.test(word));
  const count = first < 0 ? words.length : first;
  return { environment: words.slice(0, count), args: words.slice(count) };
}

/** For commander: a whole number from 1 on. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("It is a whole number from 1 on.");
  return value;
}

/** For commander: a whole number from 0 on. */
export function wholeFromZero(text: string): number {
  return text.trim() === "0" ? 0 : wholeNumber(text);
}

/** For commander: a number above 0. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError("It is a number above 0.");
  return value;
}

/** For commander: a number from 0 on. */
export function numberFromZero(text: string): number {
  return text.trim() === "0" ? 0 : positiveNumber(text);
}

function paceOf(options: TcpOptions): Pace {
  if (options.rate !== undefined && options.window !== undefined)
    throw new Error("Either --rate or --window, not both.");
  if (options.rate !== undefined) return { kind: "rate", everyMicros: 1e6 / options.rate };
  return { kind: "window", messages: options.window ?? 16 };
}
