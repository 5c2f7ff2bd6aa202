/** The clients of the command line: which server, and why it is not there. Pure. */
import { sanitizeLine } from "./text/sanitize.ts";

/** Where a server listens for TCP. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What is meant where nothing is said. */
export const DEFAULT_SERVER = "localhost:8080";

const DEFAULT_PORT = 8080;
const PORT_MAX = 65_535;

/** What the system says of a server that it does not get to, and what that means. */
const REASONS: readonly (readonly [sign: RegExp, means: string])[] = [
  [/ECONNREFUSED/, "no server listens there"],
  [/ENOTFOUND/, "there is no host of that name"],
  [/EAI_AGAIN/, "the name of the host could not be looked up"],
  [/EHOSTUNREACH|ENETUNREACH/, "there is no way to it from here"],
  [/ETIMEDOUT|^no answer$/, "no answer came"],
  [/ECONNRESET|^the connection was closed$/, "it hung up"],
  [/wrong version number|packet length too long/, "that port does not speak TLS"],
];

/** Who hears that may have another port of the server, or something else altogether. */
const IS_IT = /^(it hung up|no answer came)$/;

/** Why there is no connection, in words for people; a reason that is not known stands as it is. */
export function inWords(reason: string): string {
  const [, means = reason] = REASONS.find(([sign]) => sign.test(reason)) ?? [];
  return sanitizeLine(means);
}

/** That a server could not be reached, and why. */
export function whyUnreached(server: string, reason: string): string {
  const why = inWords(reason);
  return `${server} can't be reached: ${why}${IS_IT.test(why) ? " (is that its TCP port, and not that of the web?)" : ""}`;
}

/** Reads `HOST`, `HOST:PORT`, `[IPV6]:PORT` or `:PORT`; where it is none of those, a sentence that says so. */
export function parseAddress(text: string): Address | string {
  if (text.includes("://")) return `${text} is a web address; the terminal client wants HOST:PORT of the TCP door`;
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  const plain = /^([^:\s[\]]*)(?::(\d+))?$/.exec(text);
  const [, host, port] = bracketed ?? plain ?? [];
  if (host === undefined || text === "") return `${text === "" ? "nothing" : text} is no address: HOST:PORT`;
  const number = port === undefined ? DEFAULT_PORT : Number(port);
  if (number < 1 || number > PORT_MAX) return `${port} is no port: 1 to ${PORT_MAX}`;
  return { host: host === "" ? "localhost" : host, port: number };
}
