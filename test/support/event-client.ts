/**
 * Test support: a client that keeps the events it is sent, one text each, whatever door they came through, and takes
 * them one by one.
 */
import type { HeardEvent } from "./line-client.ts";
import { until } from "./until.ts";

const WITHIN_MS = 10_000;

/** One connection. */
export abstract class EventClient {
  readonly #lines: string[] = [];
  #taken = 0;
  #isOver = false;
  /** Bytes received so far. */
  receivedBytes = 0;

  /** Sends one command. */
  abstract send(command: Readonly<Record<string, unknown>>): void;

  /** Sends one command as it stands, whatever it is. */
  abstract sendText(text: string): void;

  /** Drops the connection. */
  abstract drop(): void;

  /** The next line that was not taken yet, without its line end. Rejects where none comes, or the server closes. */
  async line(withinMs = WITHIN_MS): Promise<string> {
    return await until(
      withinMs,
      () => `a line; the last ones were:\n${this.#lines.slice(-5).join("\n")}`,
      () => {
        const line = this.#lines[this.#taken];
        if (line !== undefined) this.#taken += 1;
        else if (this.#isOver) throw new Error("the server closed the connection");
        return line;
      },
    );
  }

  /** The next line, parsed. */
  async event(withinMs = WITHIN_MS): Promise<HeardEvent> {
    return JSON.parse(await this.line(withinMs)) as HeardEvent;
  }

  /** Takes events up to the first that has these fields, and gives all that were taken. */
  async eventsUntil(fields: HeardEvent, withinMs = WITHIN_MS): Promise<readonly HeardEvent[]> {
    const events: HeardEvent[] = [];
    const deadline = performance.now() + withinMs;
    for (;;) {
      const event = await this.event(Math.max(1, deadline - performance.now()));
      events.push(event);
      if (Object.entries(fields).every(([name, value]) => event[name] === value)) return events;
    }
  }

  /** Takes events up to the first that has these fields, and gives that one. */
  async heard(fields: HeardEvent, withinMs = WITHIN_MS): Promise<HeardEvent> {
    const events = await this.eventsUntil(fields, withinMs);
    return events.at(-1) as HeardEvent;
  }

  /** Joins a room and takes all up to one's own `joined`; gives who is there. */
  async join(room: string, more: Readonly<Record<string, unknown>> = {}): Promise<readonly string[]> {
    this.send({ _ct: "join_room", r: room, ...more });
    const there = await this.heard({ _et: "user_joined_room", r: room });
    await this.heard({ _et: "room_participation", r: room, s: "joined" });
    return there["us"] as readonly string[];
  }

  /**
   * Whatever the server had to say to this client before it answers the next command: asks for something that does not
   * exist and gives all events up to that answer, which itself is left out.
   */
  async quiet(): Promise<readonly HeardEvent[]> {
    const mark = `mark ${this.receivedBytes}`;
    this.send({ _ct: mark });
    const events = await this.eventsUntil({ _et: "error", m: `there is no command ${JSON.stringify(mark)}` });
    return events.slice(0, -1);
  }

  /** Resolves once the server has closed the connection; gives the lines that were not taken yet. */
  async closed(withinMs = WITHIN_MS): Promise<readonly string[]> {
    await until(
      withinMs,
      () => "the server to close the connection",
      () => (this.#isOver ? true : undefined),
    );
    const rest = this.#lines.slice(this.#taken);
    this.#taken = this.#lines.length;
    return rest;
  }

  /** How many lines are here that were not taken yet. */
  get waitingLines(): number {
    return this.#lines.length - this.#taken;
  }

  /** Whether the server has closed the connection. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** One event came. */
  protected keep(line: string): void {
    this.#lines.push(line);
  }

  /** Nothing comes any more. */
  protected end(): void {
    this.#isOver = true;
  }
}
