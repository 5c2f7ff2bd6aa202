/**
 * Test support: a client of server-sent events, which reads as the HTML standard has it, and keeps what it read.
 */
import { type ClientRequest, type IncomingHttpHeaders, request } from "node:http";
import { until } from "./until.ts";

/** One event. */
export interface ServerSentEvent {
  /** The last id that was seen, as a browser keeps it. */
  readonly lastId: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A stream of events, from the request to its end. */
export class EventSourceClient {
  readonly events: ServerSentEvent[] = [];
  /** How many comments came: pings. */
  comments = 0;
  status = 0;
  headers: IncomingHttpHeaders = {};
  /** The whole body where it was no stream of events. */
  problem = "";
  isOver = false;
  #lastId = "";
  #rest = "";
  readonly #request: ClientRequest;

  constructor(port: number, path: string, headers: Readonly<Record<string, string>> = {}) {
    this.#request = request({ host: "127.0.0.1", port, path, headers, agent: false }, (response) => {
      this.status = response.statusCode ?? 0;
      this.headers = response.headers;
      response.setEncoding("utf8");
      response.on("data", (text: string) => this.#read(text));
      response.on("close", () => {
        this.isOver = true;
      });
      response.on("error", () => undefined);
    });
    this.#request.on("error", () => {
      this.isOver = true;
    });
    this.#request.end();
  }

  /** The events that were of records: `user_message` and `room_change`. */
  get seqs(): readonly number[] {
    return this.events.filter(({ data }) => "q" in data).map(({ data }) => Number(data["q"]));
  }

  /** Resolves once the server has answered. */
  async answered(): Promise<this> {
    await until(
      5000,
      () => "an answer",
      () => (this.status > 0 ? true : undefined),
    );
    return this;
  }

  /** Resolves once there are so many events. */
  async count(events: number): Promise<readonly ServerSentEvent[]> {
    await until(
      10_000,
      () => `${events} events, there are ${JSON.stringify(this.events)}`,
      () => (this.events.length >= events ? true : undefined),
    );
    return this.events;
  }

  /** Resolves once the stream has ended. */
  async over(): Promise<void> {
    await until(
      10_000,
      () => "the end of the stream",
      () => (this.isOver ? true : undefined),
    );
  }

  /** Goes away. */
  close(): void {
    this.#request.destroy();
  }

  #read(text: string): void {
    if (this.status !== 200) {
      this.problem += text;
      return;
    }
    const blocks = (this.#rest + text).split("\n\n");
    this.#rest = blocks.pop() ?? "";
    for (const block of blocks) this.#take(block.split(/\r\n|\r|\n/));
  }

  #take(lines: readonly string[]): void {
    let data: string | undefined;
    for (const line of lines) {
      const [, field, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
      if (field === "") this.comments += 1;
      if (field === "id") this.#lastId = value;
      if (field === "data") data = data === undefined ? value : `${data}\n${value}`;
    }
    if (data !== undefined) this.events.push({ lastId: this.#lastId, data: JSON.parse(data) });
  }
}
