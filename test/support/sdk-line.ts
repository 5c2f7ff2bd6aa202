/**
 * Test support: a server's end of an SDK's connections that does only what the test says, word by word.
 */
import type { Connect, Transport, TransportEvents } from "../../src/sdk/transport.ts";

/** A command as it was sent. */
export type Sent = Readonly<Record<string, unknown>> & { readonly _ct: string };

/** One connection, the test in place of the server. */
export class Line implements Transport {
  readonly sent: Sent[] = [];
  isClosed = false;
  #on: TransportEvents | undefined;

  open(on: TransportEvents): void {
    this.#on = on;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Sent);
  }

  close(): void {
    this.isClosed = true;
  }

  /** The connection is there. */
  opens(): this {
    this.#on?.opened();
    return this;
  }

  /** The server says something. */
  tell(...events: readonly object[]): this {
    for (const event of events) this.#on?.received(JSON.stringify(event));
    return this;
  }

  /** The connection ends, but not by the client. */
  ends(code?: number, text = "it broke"): void {
    this.#on?.closed({ code, text });
  }

  /** Opens, and lets the client in as `user`. */
  letsIn(user: string, session = `session of ${user}`): this {
    return this.opens().tell(greeting(user, session)).answersPing();
  }

  /** Answers the newest ping. */
  answersPing(): this {
    const ping = this.sent.findLast(({ _ct }) => _ct === "ping");
    return this.tell({ _et: "error", code: "unknown_command", m: "no such command", k: ping?.["k"] });
  }

  /** The commands of a kind that were sent, without `_ct`. */
  all(type: string): readonly Readonly<Record<string, unknown>>[] {
    return this.sent.flatMap(({ _ct, ...fields }) => (_ct === type ? [fields] : []));
  }
}

/** The lines of a client, one after another. */
export class Lines {
  readonly all: Line[] = [];

  readonly connect: Connect = () => {
    const line = new Line();
    this.all.push(line);
    return line;
  };

  /** The newest. */
  get last(): Line {
    const line = this.all.at(-1);
    if (line === undefined) throw new Error("nobody has connected");
    return line;
  }
}

export const greeting = (user: string, session: string): object => ({
  ...{ _et: "login_successful", s: session, u: user },
  rs: [{ n: "general", d: "for all" }],
  v: 1,
});

/** What a server answers who lets somebody join, up to `caught_up`. */
export const joins = (room: string, users: readonly string[], records: readonly object[], seq: number): object[] => [
  { _et: "user_joined_room", r: room, us: users },
  { _et: "room_participation", r: room, u: users.at(-1), s: "joined" },
  ...records,
  { _et: "caught_up", r: room, q: seq },
];

/** A message as its event. */
export const message = (room: string, seq: number, user: string, text: string, key?: string): object => ({
  ...{ _et: "user_message", r: room, u: user, c: text, i: `id ${seq}`, q: seq, t: "2026-11-23T01:26:10.196Z" },
  k: key,
});
