/**
 * Stages 1 and 6 over HTTP: `GET /chats/{chat_id}/events`: follow a room as server-sent events, from a seq on where
 * `Last-Event-ID` or `after` names one. A session like any other, but present nowhere, and it says nothing.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import type { Credential } from "../../auth/credential.ts";
import type { User } from "../../auth/user.ts";
import type { Timer } from "../../clock.ts";
import { CommandError } from "../../commands/command-error.ts";
import type { Ask } from "./ask.ts";
import { roomOf } from "./chats.ts";
import type { HttpDoor } from "./door.ts";
import { EventFraming } from "./event-framing.ts";
import { EventStream } from "./event-stream.ts";
import { cursor } from "./paging.ts";
import { type CallNote, PLAIN_NOTE } from "./route.ts";

/** How often those who listen are told that the server is there, in milliseconds. */
const PING_EVERY_MS = 25_000;

/** Where a session came from: somebody who said who they are, or a guest of the open mode. */
interface Listener {
  readonly user: User;
  readonly credential: Credential;
  readonly token: string;
}

/** All who listen. */
export class EventStreams {
  readonly #door: HttpDoor;
  readonly #framing = new EventFraming();
  readonly #streams = new Set<EventStream>();
  readonly #pings: Timer;

  constructor(door: HttpDoor) {
    this.#door = door;
    this.#pings = door.clock.every(PING_EVERY_MS, () => {
      for (const stream of this.#streams) stream.ping();
    });
  }

  /** Stops the pings; the streams end with their sessions. */
  close(): void {
    this.#pings.cancel();
  }

  /** Follows a room for a request. Rejects with a `CommandError` where it may not, before the response has begun. */
  async open(ask: Ask, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { sessions, telemetry } = this.#door;
    const after = afterOf(ask, request);
    const place = sessions.takePlace(ask.address);
    if (place === undefined) {
      telemetry.sessionRefused("sse", "too_many_sessions");
      throw new CommandError("too_many_sessions", "this server is full; try again later");
    }
    try {
      await this.#follow(ask, response, after, () => place.release());
    } catch (error) {
      place.release();
      throw error;
    }
  }

  async #follow(ask: Ask, response: ServerResponse, after: number | undefined, release: () => void): Promise<void> {
    const { api, sessions, guests, clock } = this.#door;
    const listener = await this.#listener(ask);
    if (response.destroyed) {
      // The client went while the directory was asked.
      release();
      await guests.leave(listener.token);
      return;
    }
    const stream = new EventStream(response, clock);
    const { address } = ask;
    const session = sessions.open({ door: "sse", transport: stream, framing: this.#framing, address, ...listener });
    session.extended = true;
    stream.start(session, () => {
      this.#streams.delete(stream);
      release();
    });
    try {
      await api.follow(session, roomOf(ask), after);
    } catch (error) {
      session.end("disconnected");
      // What is being written already can't become an error.
      if (stream.hasBegun) return;
      throw error;
    }
    stream.begin();
    if (!response.destroyed) this.#streams.add(stream);
  }

  async #listener(ask: Ask): Promise<Listener> {
    const signedIn = await ask.signedIn();
    if (signedIn !== undefined) return { ...signedIn, token: "" };
    if (this.#door.auth.mode !== "open") throw new CommandError("unauthorized", "say who you are: send a token");
    const guest = await this.#door.guests.admit();
    return { user: guest, credential: { type: "guest", user: guest.id }, token: guest.token };
  }
}

/** A browser that comes back sends the address that it began with and the last id that it saw: the latter is newer. */
function afterOf(ask: Ask, { headers }: IncomingMessage): number | undefined {
  const last = headers["last-event-id"];
  // An empty one means that no event had an id.
  if (last === undefined || last === "") return cursor(ask.query, "after", 0);
  return cursor({ "Last-Event-ID": last }, "Last-Event-ID", 0);
}

/** What documentation says of it. */
export const eventsNote: CallNote = {
  ...PLAIN_NOTE,
  summary: "Follow a chat or public room as server-sent events",
  group: "messages",
  query: z.object({ after: z.int().min(0).optional().describe("everything after this seq, then what happens") }),
  headers: [{ name: "Last-Event-ID", says: "the last `id` that was seen; stands in for `after`" }],
  answers: [
    {
      status: 200,
      says: "`text/event-stream`: each `data` is an event of the protocol as JSON, each `id` its seq",
      json: undefined,
    },
  ],
  errors: ["unknown_room", "forbidden", "banned", "too_many_sessions"],
};
