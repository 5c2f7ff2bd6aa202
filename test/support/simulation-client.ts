/**
 * Test support: somebody in the simulation: joins, leaves, talks, retries and resumes as a good client does, and holds
 * everything that it hears against what the log says.
 */
import type { RoomCheck } from "../../src/bench/delivery-check.ts";
import { type StoredRecord, withoutText } from "../../src/server/record.ts";
import type { MemoryConnection, WireEvent } from "./memory-transport.ts";
import { lineOf, rowText, type Truth } from "./simulation-truth.ts";
import type { World } from "./simulation-world.ts";

/** The errors that the simulation's faults may bring about. Any other says that something is wrong. */
const EXPECTED_ERRORS = new Set(["not_sent", "unknown", "overloaded", "unavailable", "slow", "going_away"]);

/** What is wrong with a run of the simulation. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** One message with a key, over all its tries. */
interface Post {
  readonly room: string;
  readonly key: string;
  readonly text: string;
  readonly number: number;
  /** What the last try came to; `waiting` until there is an answer. */
  outcome: "waiting" | "acked" | "not_sent" | "overloaded" | "unknown" | "lost";
  /** Whether any try may have left it in the log. */
  mayAppear: boolean;
  ack: { readonly id: unknown; readonly seq: number } | undefined;
}

/** A room as the client sees it, while it follows it. */
interface View {
  /** The last seq that it knows of; `undefined` until the first is heard. */
  cursor: number | undefined;
  isLive: boolean;
  isLeaving: boolean;
}

interface Asked {
  readonly room: string;
  readonly after: number | undefined;
  /** The highest seq of the room that was acknowledged to this client before it asked. */
  readonly acked: number;
}

/** One room of the check that the load tool uses too. */
interface Checked {
  readonly check: RoomCheck;
  readonly sender: number;
  readonly receiver: number;
}

/** Who sent a text in a room, as the room's check calls them, and the number that they gave it. */
export type SenderOf = (room: string, text: string) => { sender: number; number: number } | undefined;

/** Somebody, over any number of connections. */
export class Client {
  readonly label: string;
  readonly posts = new Map<string, Post>();
  /** The rooms that it follows on its connection. */
  readonly views = new Map<string, View>();
  /** The last seq that it knows of each room, for the next time. */
  readonly cursors = new Map<string, number>();
  /** Resets that it was told: room and the oldest seq. */
  readonly resets: { readonly room: string; readonly oldest: number }[] = [];
  connection: MemoryConnection | undefined;
  heard = 0;
  readonly #world: World;
  readonly #truth: Truth;
  readonly #checks = new Map<string, Checked>();
  readonly #senderOf: SenderOf;
  /** Told what turns out to be wrong while something is heard, where throwing would reach nobody. */
  readonly #found: (error: Error) => void;
  #asked: Asked[] = [];
  #token: string | undefined;
  #name: string | undefined;
  #count = 0;
  /** The event that has to come next: a message right after its `ack`. */
  #next: { readonly room: string; readonly seq: number } | undefined;
  /** Whether what the connection gives is still listened to. */
  #listening = { on: false };
  /** What was known to be removed when the connection was opened: it is not shown with its text on it. */
  #removedBefore: ReadonlySet<string> = new Set();
  #logins = 0;

  constructor(options: {
    label: string;
    world: World;
    truth: Truth;
    senderOf: SenderOf;
    found: (error: Error) => void;
  }) {
    this.label = options.label;
    this.#world = options.world;
    this.#truth = options.truth;
    this.#senderOf = options.senderOf;
    this.#found = options.found;
  }

  /** Lets a check watch what this client sends to and hears in a room. */
  watch(room: string, check: RoomCheck): number {
    const sender = check.addSender(this.label);
    this.#checks.set(room, { check, sender, receiver: check.addReceiver(this.label, "first") });
    return sender;
  }

  /** Whether it has a connection that the server keeps. */
  get isConnected(): boolean {
    return this.connection !== undefined && !this.connection.isClosed;
  }

  /** Connects and says who it is. */
  async connect(): Promise<void> {
    this.lose();
    const listening = { on: true };
    this.#listening = listening;
    this.#logins = 0;
    this.#removedBefore = this.#truth.toldRemovals();
    const connection = await this.#world.connect((event, line) => {
      if (!listening.on) return;
      try {
        this.#hear(event, line);
      } catch (error) {
        this.#found(error as Error);
      }
    });
    this.connection = connection;
    connection.send({ _ct: "hello", v: 1, s: this.#token });
  }

  /** The connection is gone: what was not answered on it never will be. */
  lose(): void {
    this.#listening.on = false;
    this.connection?.cut();
    this.connection = undefined;
    this.views.clear();
    this.#asked = [];
    this.#next = undefined;
    for (const post of this.posts.values()) if (post.outcome === "waiting") post.outcome = "lost";
  }

  /** Follows a room from what it knows on. */
  join(room: string): void {
    const after = this.cursors.get(room) ?? 0;
    this.views.set(room, { cursor: after, isLive: false, isLeaving: false });
    this.connection?.send({ _ct: "join_room", r: room, after });
  }

  /** Leaves a room; it may be joined again once `left` was heard. */
  leave(room: string): void {
    const view = this.views.get(room);
    if (view === undefined || view.isLeaving) return;
    view.isLeaving = true;
    this.connection?.send({ _ct: "leave_room", r: room });
  }

  /** Says something new. */
  post(room: string, padding: number): void {
    const checked = this.#checks.get(room);
    const number = checked?.check.sent(checked.sender) ?? 0;
    this.#count += 1;
    const key = `${this.label} ${this.#count}`;
    const text = `${this.label}:${number} ${this.#count} ${"é".repeat(padding)}`;
    const post: Post = { room, key, text, number, outcome: "waiting", mayAppear: false, ack: undefined };
    this.posts.set(key, post);
    this.connection?.send({ _ct: "send_message", r: room, c: text, k: key });
  }

  /** Says something once more that has not been acknowledged, or has. */
  retry(post: Post): void {
    if (post.outcome === "waiting") return;
    if (post.outcome === "unknown" || post.outcome === "lost" || post.ack !== undefined) post.mayAppear = true;
    const checked = this.#checks.get(post.room);
    checked?.check.mayComeLate(checked.sender, post.number);
    post.outcome = "waiting";
    this.connection?.send({ _ct: "send_message", r: post.room, c: post.text, k: post.key });
  }

  /** Asks for a page of what was said. */
  ask(room: string, after: number | undefined, limit: number): void {
    let acked = 0;
    for (const post of this.posts.values()) if (post.room === room) acked = Math.max(acked, post.ack?.seq ?? 0);
    this.#asked.push({ room, after, acked });
    this.connection?.send({ _ct: "history", r: room, after, limit });
  }

  /** What must be true when everything is healed and all has been told. */
  checkSettled(rooms: readonly string[]): void {
    for (const room of rooms) {
      const head = this.#truth.rows(this.#world.roomId(room)).length;
      const cursor = this.views.get(room)?.cursor;
      if (cursor !== head) throw this.#violation(`came to ${cursor} of ${head} in ${room}`);
    }
    if (this.#asked.length > 0) throw this.#violation(`a page of ${this.#asked[0]?.room} never came`);
    for (const post of this.posts.values()) this.#checkPost(post);
  }

  #checkPost({ key, room, text, outcome, mayAppear }: Post): void {
    if (outcome === "waiting") throw this.#violation(`${key} was never answered`);
    const isThere = this.#truth.says(this.#world.roomId(room), JSON.stringify(text));
    if (outcome === "acked" && !isThere) throw this.#violation(`${key} was acknowledged and is lost`);
    if ((outcome === "not_sent" || outcome === "overloaded") && !mayAppear && isThere) {
      throw this.#violation(`${key} was answered ${outcome} and has appeared`);
    }
  }

  #hear(event: WireEvent, line: string): void {
    this.heard += 1;
    if (this.#next !== undefined && !(event["r"] === this.#next.room && event["q"] === this.#next.seq)) {
      throw this.#violation(`after the ack of ${this.#next.seq} in ${this.#next.room} came ${line}`);
    }
    this.#next = undefined;
    switch (event._et) {
      case "login_successful":
        this.#hearLogin(event);
        break;
      case "user_message":
      case "room_change":
        this.#hearRecord(event["r"] as string, event["q"] as number, line);
        break;
      case "caught_up":
        this.#hearCaughtUp(event["r"] as string, event["q"] as number);
        break;
      case "reset":
        this.#hearReset(event["r"] as string, event["oldest"] as number);
        break;
      case "ack":
        this.#hearAck(event["k"] as string, event["i"], event["q"] as number);
        break;
      case "history":
        this.#hearHistory(event["ms"] as WireEvent[], event["more"] as boolean);
        break;
      case "room_participation":
        if (event["u"] === this.#name && event["s"] === "left" && this.views.get(event["r"] as string)?.isLeaving) {
          this.views.delete(event["r"] as string);
        }
        break;
      case "error":
        this.#hearError(event);
        break;
      case "user_joined_room":
        break;
      default:
        throw this.#violation(`heard ${line}`);
    }
  }

  /**
   * The first of a connection is a new guest's. The second one answers `hello`: then the server has written down who this
   * is. Whoever has nothing yet keeps the first: a message with a key may have been written down under it.
   */
  #hearLogin(event: WireEvent): void {
    this.#logins += 1;
    const token = event["s"] as string;
    const name = event["u"] as string;
    if (this.#logins === 1) {
      this.#token ??= token;
      return;
    }
    if (this.#name !== undefined && (token !== this.#token || name !== this.#name)) {
      throw this.#violation(`came back as ${name} and was ${this.#name}`);
    }
    this.#token = token;
    this.#name = name;
  }

  #hearRecord(room: string, seq: number, line: string): void {
    const row = this.#truth.row(this.#world.roomId(room), seq);
    if (row === undefined) throw this.#violation(`heard what is not durable: ${line}`);
    this.#checkLine(room, row, line);
    this.#truth.told(this.#world.roomId(room), row);
    const view = this.views.get(room);
    if (view === undefined) throw this.#violation(`heard ${line} and does not follow the room`);
    if (view.cursor === undefined || seq !== view.cursor + 1) {
      throw this.#violation(`heard ${seq} after ${view.cursor} in ${room}`);
    }
    view.cursor = seq;
    this.cursors.set(room, seq);
    this.#feedCheck(room, seq, row.record.kind === "message" ? (JSON.parse(row.record.body) as string) : "");
  }

  /** A row is told as it stands in the log; a message that is removed may have no text, and later on must have none. */
  #checkLine(room: string, row: StoredRecord, line: string): void {
    const id = this.#world.roomId(room);
    const expected = lineOf(room, row);
    const isRemoved = this.#truth.isRemoved(id, row.seq);
    if (line === expected ? this.#removedBefore.has(rowText(id, row.seq)) : !isRemoved) {
      throw this.#violation(`heard ${line} where the log says ${isRemoved ? "that it is removed" : expected}`);
    }
    if (line !== expected && line !== lineOf(room, withoutText(row))) {
      throw this.#violation(`heard ${line} where the log says ${expected}, without its text`);
    }
  }

  #feedCheck(room: string, seq: number, text: string): void {
    const checked = this.#checks.get(room);
    if (checked === undefined) return;
    const from = this.#senderOf(room, text);
    if (from === undefined) {
      checked.check.sawOther(checked.receiver, seq);
    } else {
      // Whatever anybody saw is durable, so everybody is to see it.
      checked.check.acknowledged(from.sender, from.number);
      checked.check.saw(checked.receiver, from.sender, from.number, seq);
    }
  }

  #hearCaughtUp(room: string, seq: number): void {
    const view = this.views.get(room);
    if (view === undefined || view.cursor !== seq) throw this.#violation(`caught up with ${seq} at ${view?.cursor}`);
    view.isLive = true;
  }

  #hearReset(room: string, oldest: number): void {
    const view = this.views.get(room);
    if (view?.cursor === undefined || oldest <= view.cursor + 1) {
      throw this.#violation(`reset to ${oldest} at ${view?.cursor} in ${room}`);
    }
    this.resets.push({ room, oldest });
    view.cursor = oldest - 1;
    this.cursors.set(room, view.cursor);
  }

  #hearAck(key: string, id: unknown, seq: number): void {
    const post = this.posts.get(key);
    if (post === undefined) throw this.#violation(`an ack of ${key}, which it did not send`);
    const room = this.#world.roomId(post.room);
    const row = this.#truth.row(room, seq);
    if (row?.record.id !== id || row?.record.key !== key || row.record.body !== JSON.stringify(post.text)) {
      throw this.#violation(`${key} was acknowledged as ${seq}, ${String(id)}, where the log has ${row?.record.body}`);
    }
    if (this.#truth.rowOfKey(row.record.sender, room, key) !== row) throw this.#violation(`${key} is not the first`);
    if (post.ack !== undefined && post.ack.seq !== seq) throw this.#violation(`${key} is ${post.ack.seq} and ${seq}`);
    post.ack = { id, seq };
    post.outcome = "acked";
    const checked = this.#checks.get(post.room);
    checked?.check.acknowledged(checked.sender, post.number);
    this.#expectOwnEvent(post.room, seq);
  }

  /** CMD-1, where nothing came in between: the session is live in the room and never fell behind. */
  #expectOwnEvent(room: string, seq: number): void {
    const view = this.views.get(room);
    if (view?.cursor === undefined || !view.isLive || view.isLeaving || this.connection?.pauses !== 0) return;
    if (seq > view.cursor) this.#next = { room, seq };
  }

  #hearError(event: WireEvent): void {
    const code = event["code"] as string;
    if (!EXPECTED_ERRORS.has(code)) throw this.#violation(`heard ${JSON.stringify(event)}`);
    const post = this.posts.get(event["k"] as string);
    if (post === undefined) {
      if (code === "unavailable" && event["r"] === this.#asked[0]?.room) this.#asked.shift();
      return;
    }
    if (post.room !== event["r"]) throw this.#violation(`an error names ${String(event["r"])} for ${post.key}`);
    if (code !== "not_sent" && code !== "overloaded" && code !== "unknown") {
      // The server is stopping: this try was not even begun.
      if (post.outcome === "waiting") post.outcome = "not_sent";
    } else if (post.outcome !== "acked") {
      post.outcome = code;
    }
  }

  #hearHistory(events: readonly WireEvent[], more: boolean): void {
    const asked = this.#asked.shift();
    if (asked === undefined) throw this.#violation("a page that it did not ask for");
    const { room, after, acked } = asked;
    const seqs = events.map((event) => event["q"] as number);
    events.forEach((event, index) => {
      const row = this.#truth.row(this.#world.roomId(room), event["q"] as number);
      if (row === undefined) throw this.#violation(`read ${JSON.stringify(event)}, the log: nothing`);
      this.#checkLine(room, row, JSON.stringify(event));
      if (index > 0 && event["q"] !== (seqs[index - 1] ?? 0) + 1)
        throw this.#violation(`a page with ${seqs.join(" ")}`);
    });
    const first = seqs[0];
    const last = seqs.at(-1) ?? 0;
    const isRetired = this.#world.mayLoseHistory;
    if (after !== undefined && first !== undefined && first !== after + 1 && !isRetired) {
      throw this.#violation(`a page after ${after} begins with ${first}`);
    }
    // CMD-2: what was acknowledged before is there, or there is more to ask for.
    const isDue = acked > (after ?? 0) && !(isRetired && first === undefined);
    if (isDue && last < acked && !(more && after !== undefined)) {
      throw this.#violation(`${acked} was acknowledged in ${room}; a page after ${after} ends with ${last}`);
    }
  }

  #violation(what: string): Violation {
    return new Violation(`${this.label} ${what}`);
  }
}
