/**
 * Test support: a model of the server, as far as a client can see it: who is who, rooms with their order, keys, resuming,
 * history, retention. It has no sockets and no disk; what it is handed comes in order, as from a socket.
 */
import { encodeRecord, type ModelRecord, type ModelRoom } from "./sdk-model-room.ts";

/** Where frames go to, and how a connection is ended. */
export interface ModelPeer {
  send(text: string): void;
  close(code: number, text: string): void;
}

/** What is to become of a post: kept after some time, refused, or neither said nor certain. */
export type Fate =
  | { readonly type: "kept"; readonly afterMs: number }
  | { readonly type: "refused"; readonly code: string }
  | { readonly type: "unknown"; readonly isKept: boolean };

/** What the world decides. */
export interface ModelWorld {
  fate(): Fate;
  after(delayMs: number, action: () => void): void;
}

type Fields = Readonly<Record<string, unknown>>;

const PAGE_MAX = 100;

/** The model. */
export class ModelServer {
  readonly rooms = new Map<string, ModelRoom>();
  readonly #world: ModelWorld;
  readonly #guests = new Map<string, string>();
  readonly #sessions = new Set<ModelSession>();
  /** Tokens that are good: token → user. */
  readonly tokens = new Map<string, string>();
  /** Whether who shows nothing is a guest. */
  takesGuests = true;
  textMax = 200;
  #people = 0;
  /** Counts its starts: what was not kept before one is lost with it, but for what had reached the disk. */
  #run = 0;
  #survivors = 0;

  constructor(world: ModelWorld) {
    this.#world = world;
  }

  get sessions(): readonly ModelSession[] {
    return [...this.#sessions];
  }

  /** A connection was made: it is told who it is. */
  accept(peer: ModelPeer): ModelSession {
    const session = new ModelSession(this, peer);
    this.#sessions.add(session);
    if (this.takesGuests) {
      session.token = this.#newGuest();
      session.user = this.#guests.get(session.token);
      this.greet(session);
    }
    return session;
  }

  /** A connection is gone. */
  drop(session: ModelSession): void {
    if (!this.#sessions.delete(session)) return;
    for (const room of session.joined) this.#tellPresence(room, session, "left");
    session.joined.clear();
  }

  /**
   * Killed and started again: everybody is gone, and of what was on its way to the disk only the first so many are
   * there, of which nobody was told.
   */
  restart(survivors: number): void {
    this.#run += 1;
    this.#survivors = survivors;
    for (const session of this.sessions) session.peer.close(1006, "");
    this.#sessions.clear();
  }

  room(name: string): ModelRoom {
    const room = this.rooms.get(name);
    if (room === undefined) throw new Error(`no room ${name}`);
    return room;
  }

  /** Somebody without a connection says something. */
  say(name: string, text: string): void {
    this.keep(this.room(name), { user: "other", text, key: undefined, kind: "message" }, undefined);
  }

  greet(session: ModelSession): void {
    const rs = Array.from(this.rooms.keys(), (n) => ({ n, d: `about ${n}` }));
    session.tell({ _et: "login_successful", s: session.token, u: session.user, rs, v: 1 });
  }

  hello(session: ModelSession, { t, s }: Fields): void {
    if (session.hasJoined) session.refuse("hello_too_late");
    else if (t !== undefined) {
      const user = this.tokens.get(String(t));
      if (user === undefined) session.refuse("unauthorized");
      else {
        session.user = user;
        session.token = `session of ${user}`;
        this.greet(session);
      }
    } else if (session.user === undefined) session.refuse("unauthorized");
    else {
      const user = this.#guests.get(String(s));
      if (user !== undefined) {
        session.token = String(s);
        session.user = user;
      }
      this.greet(session);
    }
  }

  join(session: ModelSession, room: ModelRoom, { after, last }: Fields): void {
    if (session.joined.has(room)) session.refuse("already_joined", room.name);
    else if (typeof after === "number" && after > room.head) session.refuse("bad_field", room.name);
    else {
      session.hasJoined = true;
      const from = typeof after === "number" ? after : Math.max(room.floor - 1, room.head - Number(last ?? 0));
      session.joined.add(room);
      session.tell({ _et: "user_joined_room", r: room.name, us: this.#present(room) });
      session.tell({ _et: "room_participation", r: room.name, u: session.user, s: "joined" });
      this.#tellPresence(room, session, "joined");
      if (from + 1 < room.floor && room.head > from) session.tell({ _et: "reset", r: room.name, oldest: room.floor });
      for (const record of room.range(from + 1, room.head)) session.peer.send(encodeRecord(record));
      session.tell({ _et: "caught_up", r: room.name, q: room.head });
    }
  }

  leave(session: ModelSession, room: ModelRoom): void {
    if (!session.joined.delete(room)) {
      session.refuse("not_joined", room.name);
      return;
    }
    session.tell({ _et: "room_participation", r: room.name, u: session.user, s: "left" });
    this.#tellPresence(room, session, "left");
  }

  history(session: ModelSession, room: ModelRoom, { before, after, limit }: Fields): void {
    const count = Math.min(Number(limit ?? PAGE_MAX), PAGE_MAX);
    const forward = typeof after === "number";
    const end = Math.min(room.head, Number(before ?? room.head + 1) - 1);
    const records = forward ? room.range(after + 1, room.head).slice(0, count) : room.range(end - count + 1, end);
    const more = forward ? (records.at(-1)?.seq ?? room.head) < room.head : (records[0]?.seq ?? 0) > room.floor;
    const page = { _et: "history", r: room.name, ms: records.map((one) => JSON.parse(encodeRecord(one))), more };
    session.tell(page);
  }

  post(session: ModelSession, room: ModelRoom, text: string, key: string): void {
    if (!session.joined.has(room)) session.refuse("not_joined", room.name, key);
    else if (text.length > this.textMax) session.refuse("message_too_long", room.name, key);
    else {
      const fate = this.#world.fate();
      const run = this.#run;
      const said = { user: session.user ?? "", text, key, kind: "message" as const };
      if (fate.type === "refused") session.refuse(fate.code, room.name, key);
      else if (fate.type === "unknown") {
        session.refuse("unknown", room.name, key);
        if (fate.isKept) this.#world.after(50, () => run === this.#run && this.keep(room, said, undefined));
      } else
        room.queue(() =>
          this.#world.after(fate.afterMs, () => {
            if (run === this.#run) this.keep(room, said, session);
            else if (this.#survivors > 0) {
              this.#survivors -= 1;
              this.keep(room, said, undefined);
            }
            room.next();
          }),
        );
    }
  }

  /** Puts a record into the order, unless its key is there, and tells it. */
  keep(room: ModelRoom, said: Omit<ModelRecord, "seq" | "id" | "room">, sender: ModelSession | undefined): void {
    const known = room.withKey(said.user, said.key);
    if (known !== undefined && known.text !== said.text) {
      sender?.refuse("key_reused", room.name, said.key);
      return;
    }
    const record = known ?? room.add(said);
    if (sender !== undefined && this.#sessions.has(sender)) {
      sender.tell({ _et: "ack", k: said.key, i: record.id, q: record.seq });
    }
    if (known !== undefined) return;
    for (const session of this.#sessions) if (session.joined.has(room)) session.peer.send(encodeRecord(record));
  }

  /** Somebody may not be in a room any more. */
  remove(user: string, name: string): void {
    const room = this.room(name);
    for (const session of this.#sessions) {
      if (session.user !== user) continue;
      session.joined.delete(room);
      session.tell({ _et: "room_removed", r: name });
    }
  }

  #newGuest(): string {
    this.#people += 1;
    const token = `session ${this.#people}`;
    this.#guests.set(token, `guest${this.#people}`);
    return token;
  }

  #present(room: ModelRoom): string[] {
    const users = this.sessions.filter(({ joined }) => joined.has(room)).map(({ user }) => user ?? "");
    return [...new Set(users)];
  }

  #tellPresence(room: ModelRoom, who: ModelSession, status: "joined" | "left"): void {
    const others = this.sessions.filter((one) => one !== who && one.joined.has(room));
    if (others.some(({ user }) => user === who.user)) return;
    for (const other of others) other.tell({ _et: "room_participation", r: room.name, u: who.user, s: status });
  }
}

/** One connection at the server's end. */
export class ModelSession {
  readonly peer: ModelPeer;
  readonly joined = new Set<ModelRoom>();
  readonly #server: ModelServer;
  token: string | undefined;
  user: string | undefined;
  hasJoined = false;

  constructor(server: ModelServer, peer: ModelPeer) {
    this.#server = server;
    this.peer = peer;
  }

  tell(event: object): void {
    this.peer.send(JSON.stringify(event));
  }

  refuse(code: string, room?: string, key?: string): void {
    this.tell({ _et: "error", code, m: `refused: ${code}`, r: room, k: key });
  }

  /** A frame has come. */
  take(text: string): void {
    const command = JSON.parse(text) as Fields;
    const key = command["k"] as string;
    const name = String(command["r"]);
    const room = this.#server.rooms.get(name);
    const type = String(command["_ct"]);
    if (type === "hello") this.#server.hello(this, command);
    else if (!["join_room", "leave_room", "history", "send_message", "typing"].includes(type)) {
      this.refuse("unknown_command", undefined, key);
    } else if (this.user === undefined) this.refuse("unauthorized", name, key);
    else if (room === undefined || room.refuses.has(this.user)) {
      this.refuse(room?.refuses.get(this.user) ?? "unknown_room", name, key);
    } else if (type === "join_room") this.#server.join(this, room, command);
    else if (type === "leave_room") this.#server.leave(this, room);
    else if (type === "history") this.#server.history(this, room, command);
    else if (type === "send_message") this.#server.post(this, room, String(command["c"]), key);
    else if (!this.joined.has(room)) this.refuse("not_joined", name);
  }
}
