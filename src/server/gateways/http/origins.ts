/**
 * Stage 1, the HTTP door: whether a request was meant for this server. A web page of somebody else must not be able to
 * talk to it through its reader's browser: not directly (`Origin`), and not by a name of its own that it points to our
 * address (`Host`, DNS rebinding). In open mode whoever names a user is that user, so there every request is looked at;
 * elsewhere reading is safe, for pages of others can't see the answers and cookies are `SameSite=Lax`.
 */
import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";
import type { AuthMode } from "../../config/config.ts";
import { isLoopback } from "../../config/values.ts";

/** Addresses that stand for all addresses of the machine. */
const WILDCARDS = ["0.0.0.0", "::", "::0"];

/** Host headers that were seen to be right and need no second look; a bound, for any number of ports may be named. */
const KNOWN_HOSTS_MAX = 64;

/** What a server is known by. */
export interface OriginOptions {
  readonly mode: AuthMode;
  /** The host that the door listens on. */
  readonly listenHost: string;
  /** Origins (`https://chat.example.org`) whose pages may speak to this server; their hosts are names of it. */
  readonly origins: readonly string[];
}

/** Who may speak to this server from a browser. */
export class Origins {
  readonly #mode: AuthMode;
  readonly #origins: ReadonlySet<string>;
  readonly #hosts: ReadonlySet<string>;
  readonly #anyAddress: boolean;
  readonly #knownHosts = new Set<string>();

  constructor({ mode, listenHost, origins }: OriginOptions) {
    this.#mode = mode;
    this.#origins = new Set(origins.map((origin) => origin.toLowerCase()));
    this.#hosts = new Set([listenHost.toLowerCase(), ...origins.map((origin) => hostname(new URL(origin)))]);
    this.#anyAddress = WILDCARDS.includes(listenHost);
  }

  /**
   * Why a request is refused, or `undefined` where it may pass. `changes` = whether it changes something, whatever its
   * method; a WebSocket does.
   */
  refusal(headers: IncomingHttpHeaders, changes: boolean): string | undefined {
    const { host, origin } = headers;
    if (host === undefined || !(this.#knownHosts.has(host) || this.#isOurs(host))) {
      return "the Host of the request is not a name of this server";
    }
    if (origin !== undefined) {
      return this.#isAllowed(origin, host) ? undefined : "the request comes from a page of another origin";
    }
    const site = headers["sec-fetch-site"];
    if (site === undefined || site === "same-origin" || site === "none") return undefined;
    return changes || this.#mode === "open" ? "the request comes from a page of another site" : undefined;
  }

  /**
   * Whether `Host` names this server: localhost, a loopback address, the host that it listens on or one of its origins.
   * Where it listens on every address of the machine, any address passes, for the trick needs a name.
   */
  #isOurs(header: string): boolean {
    const host = hostOf(header);
    if (host === undefined) return false;
    if (!isLoopback(host) && !this.#hosts.has(host) && !(this.#anyAddress && isIP(host) !== 0)) return false;
    if (this.#knownHosts.size < KNOWN_HOSTS_MAX) this.#knownHosts.add(header);
    return true;
  }

  #isAllowed(origin: string, host: string): boolean {
    const text = origin.toLowerCase();
    const own = host.toLowerCase();
    return text === `http://${own}` || text === `https://${own}` || this.#origins.has(text);
  }
}

const hostname = (url: URL): string => url.hostname.replace(/^\[|\]$/g, "");

/** `localhost:8000` → `localhost`, `[::1]:8000` → `::1`; `undefined` where it is neither. */
function hostOf(header: string): string | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::\d{1,5})?$/.exec(header);
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}
