/**
 * Test support, load: what all who take part in a load have in common, whatever door they come through; and one request
 * of somebody who comes over HTTP.
 */
import { Agent, request } from "node:http";

/** Where a server listens. */
export interface LoadDoors {
  readonly tcpPort: number;
  readonly httpPort: number;
}

/** Somebody who takes part, through lost connections and restarts. */
export interface Actor {
  readonly label: string;
  /** What should never happen. */
  readonly faults: readonly string[];
  /** How many things were asked and not answered yet. */
  readonly pending: number;
  /** Comes (back); `true` once all is as before, `false` where the server went meanwhile. */
  come(doors: LoadDoors): Promise<boolean>;
  /** Asks nothing new any more; what is pending is still asked again after a lost connection. */
  quieten(): void;
}

/** What a request got. */
export interface LoadAnswer {
  readonly status: number;
  /** The body; `undefined` where there was none. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
  readonly link: string | undefined;
}

/** What is asked. */
export interface LoadAsk {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly form: Readonly<Record<string, string>> | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** One connection to the HTTP port, which is kept, of somebody who shows the cookie of the open mode. */
export class HttpLane {
  /** Whether a request is on its way, and since when (`performance.now()`). */
  askedAt: number | undefined;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;
  readonly #cookie: string;

  constructor(port: number, userId: string) {
    this.#port = port;
    this.#cookie = `user_id=${userId}`;
  }

  /** Sends a request; rejects where the connection is lost before it was answered. */
  async ask(asked: LoadAsk): Promise<LoadAnswer> {
    this.askedAt = performance.now();
    const answer = await this.#ask(asked);
    this.askedAt = undefined;
    return answer;
  }

  /** Lets go of the connection. */
  close(): void {
    this.#agent.destroy();
  }

  #ask({ method, path, form, headers }: LoadAsk): Promise<LoadAnswer> {
    const body = form === undefined ? undefined : new URLSearchParams(form).toString();
    const typed = body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" };
    const all = { cookie: this.#cookie, ...typed, ...headers };
    return new Promise((resolve, reject) => {
      const target = { host: "127.0.0.1", port: this.#port, agent: this.#agent, method, path, headers: all };
      const sent = request(target, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("error", reject);
        response.on("end", () => {
          const json = text === "" ? undefined : (JSON.parse(text) as Record<string, unknown>);
          resolve({ status: response.statusCode ?? 0, json, link: [response.headers.link].flat()[0] });
        });
      });
      sent.on("error", reject);
      sent.end(body);
    });
  }
}

/** The code of a refusal. */
export const codeOf = ({ status, json }: LoadAnswer): string => String(json?.["code"] ?? status);
