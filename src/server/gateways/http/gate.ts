/**
 * Stage 1, the HTTP door: what every request must pass before anything is done for it, whatever it asks.
 */
import type { IncomingMessage } from "node:http";
import { CommandError } from "../../commands/command-error.ts";
import { hasTooManyHeaders, namesTwoHosts } from "./node-server.ts";
import type { Origins } from "./origins.ts";

/** Calls that change something although they are a GET. */
const CHANGING_GETS: readonly string[] = ["/logout"];

/** What of a request the gate looks at. */
export type GateRequest = Pick<IncomingMessage, "headers" | "rawHeaders" | "method" | "url">;

/** Lets requests in. */
export class Gate {
  readonly #origins: Origins;
  #isStopping = false;

  constructor(origins: Origins) {
    this.#origins = origins;
  }

  /** Lets nobody in any more: the server is stopping. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Why a request may not pass; `undefined` where it may. */
  refusal({ headers, rawHeaders, method, url = "" }: GateRequest): CommandError | undefined {
    if (this.#isStopping) return new CommandError("going_away", "the server is stopping; come back");
    if (hasTooManyHeaders(rawHeaders)) return new CommandError("headers_too_large", "there are too many headers");
    if (namesTwoHosts(rawHeaders)) return new CommandError("bad_request", "a request names one Host");
    if (headers.host === undefined) return new CommandError("bad_request", "a request names its Host");
    // `GET http://elsewhere/ HTTP/1.1` is for proxies, and names a second host.
    if (!url.startsWith("/")) return new CommandError("bad_request", "a request names a path that begins with /");
    const encoding = headers["content-encoding"];
    if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
      return new CommandError("unsupported_media_type", "a body comes as it is, without Content-Encoding");
    }
    const reads = method === "GET" || method === "HEAD";
    const refused = this.#origins.refusal(headers, !reads || CHANGING_GETS.includes(pathOf(url)));
    return refused === undefined ? undefined : new CommandError("wrong_origin", refused);
  }
}

/** The path of a URL without its query. */
export function pathOf(url: string): string {
  const query = url.indexOf("?");
  return query < 0 ? url : url.slice(0, query);
}
