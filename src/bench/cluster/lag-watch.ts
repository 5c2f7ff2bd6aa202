/**
 * Load tool, the lag: how many records wait for the store, read from the server's `/metrics` while it is under load.
 */
import type { SharedReadBuffer } from "../bench-socket.ts";
import type { Answer } from "../http/answer-reader.ts";
import { HttpConnection } from "../http/http-connection.ts";
import { type HttpAddress, requestText } from "../http/requests.ts";

/** How often it is looked, in ms: often enough to see a second's lag come and go, seldom enough to cost nothing. */
const LOOK_EVERY_MS = 200;

/** The same while it is waited for the last record to be stored. */
const DRAIN_EVERY_MS = 20;

/** Looks at the lag. */
export class LagWatch {
  /** Records that waited when it was last looked; `undefined` before, and where the server does not say. */
  latest: number | undefined = undefined;
  /** When that answer came, in ms. */
  latestAtMs = Number.NEGATIVE_INFINITY;
  /** When what it says was asked for, in ms. */
  askedAtMs = Number.NEGATIVE_INFINITY;
  /** What was seen while `measuring`. */
  readonly seen: number[] = [];
  measuring = false;
  readonly #connection: HttpConnection;
  readonly #request: string;
  #sentAtMs = Number.NEGATIVE_INFINITY;
  #everyMs = LOOK_EVERY_MS;

  constructor(address: HttpAddress, shared: SharedReadBuffer) {
    this.#request = requestText(address, "GET", "/metrics", { cookie: undefined, form: undefined });
    this.#connection = new HttpConnection(address.host, address.port, shared, {
      answered: (answer) => this.#answered(answer),
      failed: () => undefined,
    });
  }

  /** Asks where it is time to; to be called at every tick. */
  look(nowMs: number): void {
    if (this.#connection.waiting || nowMs < this.#sentAtMs + this.#everyMs) return;
    this.#sentAtMs = nowMs;
    this.#connection.send(this.#request);
  }

  /** From now on more often: the end of the lag is waited for. */
  hurry(): void {
    this.#everyMs = DRAIN_EVERY_MS;
  }

  /** Ends the connection. */
  close(): void {
    this.#connection.close();
  }

  #answered({ status, bytes, bodyFrom, bodyTo }: Answer): void {
    const lag = status === 200 ? lagOf(bytes.toString("utf8", bodyFrom, bodyTo)) : undefined;
    this.latest = lag;
    this.latestAtMs = performance.now();
    this.askedAtMs = this.#sentAtMs;
    if (this.measuring && lag !== undefined) this.seen.push(lag);
  }
}

/** `consumer_lag` in a Prometheus text; `undefined` where there is none. */
export function lagOf(text: string): number | undefined {
  const value = /^consumer_lag(?:\{[^}]*\})? (\S+)$/m.exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
}
