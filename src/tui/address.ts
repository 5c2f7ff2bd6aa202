/** The clients of the command line: which server. Pure. */

/** Where a server listens for TCP. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What is meant where nothing is said. */
export const DEFAULT_SERVER = "localhost:8080";

const DEFAULT_PORT = 8080;
const PORT_MAX = 65_535;

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
