/**
 * Test support, load: everybody at once, over every door: guests and users over TCP and WebSocket, people who post forms
 * over HTTP, who follow by server-sent events, who only hear, and one who changes the chat meanwhile; in a chat with
 * members and in public rooms of one server. And the verdict on all of it.
 */
import { connectChat } from "./chat-client.ts";
import type { Dice } from "./faults-run.ts";
import { HttpPerson } from "./http-people.ts";
import { type Actor, HttpLane, type LoadDoors } from "./load-actor.ts";
import { Chatter } from "./load-chatter.ts";
import { Feed } from "./load-feed.ts";
import { Follower } from "./load-follower.ts";
import { Keeper } from "./load-keeper.ts";
import type { Entrance } from "./load-link.ts";
import { Poster } from "./load-poster.ts";
import { LoadRoom } from "./load-room.ts";
import { type KeptRecord, readTruth } from "./load-truth.ts";
import type { SpawnedServer } from "./spawned-server.ts";
import { until } from "./until.ts";

/** Where a server listens, both doors open. */
export const doorsOf = ({ tcpPort, httpPort = 0 }: SpawnedServer): LoadDoors => ({ tcpPort, httpPort });

/** Everybody. */
export class Crowd {
  readonly chat: LoadRoom;
  readonly general: LoadRoom;
  readonly rust: LoadRoom;
  readonly chatters: readonly Chatter[];
  readonly posters: readonly Poster[];
  readonly followers: readonly Follower[];
  readonly feeds: readonly Feed[];
  readonly keeper: Keeper;
  readonly #people: ReadonlyMap<string, HttpPerson>;

  private constructor(chatId: string, people: ReadonlyMap<string, HttpPerson>, members: readonly string[], dice: Dice) {
    this.#people = people;
    const id = (name: string): string => people.get(name)?.id ?? "";
    const chat = new LoadRoom(chatId);
    const general = new LoadRoom("general");
    const rust = new LoadRoom("rust");
    const chatter = (label: string, rooms: readonly LoadRoom[], window: number, entrance: Entrance): Chatter =>
      new Chatter(label, rooms, { window, padding: window * 20, dice: dice.fork(), entrance });
    const user = (name: string, over: "tcp" | "websocket" | "feed"): Entrance => ({
      type: "user",
      over,
      name,
      id: id(name),
    });
    const poster = (label: string, rooms: readonly LoadRoom[], lines: number): Poster =>
      new Poster(label, rooms, { userId: id(label), lines, padding: 100, dice: dice.fork() });
    this.chat = chat;
    this.general = general;
    this.rust = rust;
    this.chatters = [
      chatter("c0", [general, rust], 1, { type: "guest", over: "tcp" }),
      chatter("c1", [general, rust], 25, { type: "guest", over: "tcp" }),
      chatter("t0", [chat, general], 8, user("t0", "tcp")),
      chatter("w0", [general, rust], 8, { type: "guest", over: "websocket" }),
      chatter("w1", [chat, rust], 16, user("w1", "websocket")),
      chatter("w2", [chat], 4, user("w2", "feed")),
    ];
    this.posters = [poster("p0", [chat, general], 4), poster("p1", [chat], 3)];
    this.followers = [new Follower("s0", chat, id("reader")), new Follower("s1", general, undefined)];
    this.feeds = [new Feed("f0", chat, id("reader")), new Feed("f1", chat, id("p0"))];
    const spares = [...people.keys()].filter((name) => !members.includes(name)).map(id);
    const style = { owner: id("owner"), reader: id("reader"), spares, members: members.map(id), dice: dice.fork() };
    this.keeper = new Keeper(chat, style);
  }

  /** Makes the people and their chat on a server. Nobody has come yet. */
  static async gather({ httpPort }: LoadDoors, dice: Dice): Promise<Crowd> {
    const members = ["owner", "reader", "t0", "w1", "w2", "p0", "p1"];
    const people = new Map<string, HttpPerson>();
    for (const name of [...members, "x0", "x1", "x2"]) people.set(name, await HttpPerson.open(httpPort, name));
    const [owner, ...others] = members.map((name) => people.get(name) as HttpPerson);
    const chat = await (owner as HttpPerson).chat("tea", ...others);
    return new Crowd(chat, people, members, dice);
  }

  get rooms(): readonly LoadRoom[] {
    return [this.chat, this.general, this.rust];
  }

  get actors(): readonly Actor[] {
    return [this.keeper, ...this.posters, ...this.followers, ...this.feeds];
  }

  /** Those who are told in words that the server stops. */
  get speakers(): readonly { readonly label: string; readonly refusals: string[] }[] {
    return [...this.chatters, ...this.followers, ...this.feeds];
  }

  /** How many they are. */
  get size(): number {
    return this.actors.length + this.chatters.length;
  }

  /** All come (back), the keeper first, who looks what the server has kept. Gives how many did. */
  async come(doors: LoadDoors): Promise<number> {
    if (!(await this.keeper.come(doors))) return 0;
    const { tcpPort, httpPort } = doors;
    const coming = [
      ...this.chatters.map((chatter) => chatter.come(chatter.comesOverHttp ? httpPort : tcpPort)),
      ...[...this.posters, ...this.followers, ...this.feeds].map((actor) => actor.come(doors)),
    ];
    return 1 + (await Promise.all(coming)).filter(Boolean).length;
  }

  /** Resolves once all connections of those who listen are over. */
  async gone(): Promise<void> {
    await Promise.all([
      ...[...this.chatters, ...this.feeds].map(({ link }) => link.ended),
      ...this.followers.map(({ over }) => over),
    ]);
  }

  /** Nobody says anything new; resolves once all that was asked has been answered. */
  async settle(): Promise<void> {
    for (const actor of [...this.chatters, ...this.actors]) actor.quieten();
    const all = [...this.chatters, ...this.actors];
    await until(
      60_000,
      () =>
        `answers for ${all.filter(({ pending }) => pending > 0).map(({ label, pending }) => `${label}: ${pending}`)}`,
      () => all.every(({ pending }) => pending === 0) || undefined,
    );
  }

  /** Everything that is wrong, once all is settled: nothing, if all that was promised was kept. */
  async verdict(doors: LoadDoors): Promise<readonly string[]> {
    const faults = [...this.chatters, ...this.actors].flatMap(({ label, faults: found }) =>
      found.slice(0, 5).map((text) => `${label}: ${text}`),
    );
    const member = this.#people.get("t0") as HttpPerson;
    const reader = await connectChat(doors.tcpPort);
    await reader.ask({ _ct: "hello", v: 1, t: member.id }, ({ _et }) => _et === "login_successful");
    const wrong = [...faults];
    for (const room of this.rooms) {
      const removed = room === this.chat ? this.keeper.removed : new Set<string>();
      const truth = await readTruth(room, reader, { port: doors.httpPort, userId: member.id }, removed);
      wrong.push(...truth.wrong);
      await this.#heardTo(room, truth.records.length, truth.messages.at(-1)?.seq ?? 0);
      wrong.push(...room.findings());
      if (truth.messages.length !== room.keys.size) {
        wrong.push(
          `${room.name}: ${truth.messages.length} messages of ${room.keys.size} that were sent until answered`,
        );
      }
      if (room !== this.chat) continue;
      for (const feed of this.feeds) wrong.push(...feed.findings(truth.messages));
      wrong.push(...this.#wrongChanges(truth.records), ...(await this.#wrongUnread(doors, truth.records)));
    }
    reader.drop();
    return wrong;
  }

  /** Resolves once everybody has heard a room to its end. */
  async #heardTo(room: LoadRoom, records: number, lastMessage: number): Promise<void> {
    const behind = (): readonly string[] => [
      ...this.chatters
        .filter((chatter) => chatter.hears(room) && chatter.cursor(room) < records)
        .map(({ label }) => label),
      ...this.followers
        .filter((follower) => follower.room === room && follower.cursor < records)
        .map(({ label }) => label),
      ...this.feeds
        .filter((feed) => feed.room === room && feed.cursor > 0 && feed.cursor < lastMessage)
        .map(({ label }) => label),
    ];
    await until(
      60_000,
      () => `${behind()} to hear the end of ${room.name}`,
      () => behind().length === 0 || undefined,
    );
  }

  /** The log of the chat says who is a member, and that is who was acknowledged. */
  #wrongChanges(records: readonly KeptRecord[]): readonly string[] {
    const count = (kind: string): number => records.filter(({ change }) => change === kind).length;
    const wrong: string[] = [];
    if (records[0]?.change !== "room_created" || count("room_created") !== 1) wrong.push("the chat was not made once");
    if (count("message_removed") !== this.keeper.removed.size) {
      wrong.push(`${count("message_removed")} removals stand there, ${this.keeper.removed.size} were acknowledged`);
    }
    const moves = count("member_added") - count("member_removed");
    const spares = [...this.#people.values()].filter(
      ({ name, id }) => /^x\d/.test(name) && this.keeper.members.has(id),
    );
    if (moves !== spares.length) wrong.push(`${moves} came and stayed by the log, ${spares.length} by the chat`);
    return wrong;
  }

  /** Unread of the reader, who marks, and of one who posts, whose own messages mark; and what who is out is told. */
  async #wrongUnread({ httpPort }: LoadDoors, records: readonly KeptRecord[]): Promise<readonly string[]> {
    const wrong: string[] = [];
    const after = (seq: number): number => records.filter((record) => !record.change && record.seq > seq).length;
    const own = records.findLast(({ change, user }) => change === undefined && user === "p1")?.seq ?? 0;
    for (const [name, seq] of [["reader", this.keeper.marker] as const, ["p1", own] as const]) {
      const lane = new HttpLane(httpPort, this.#people.get(name)?.id ?? "");
      const { json } = await lane.ask({ method: "GET", path: "/chats", form: undefined, headers: {} });
      const chats = json as unknown as readonly Record<string, unknown>[];
      const unread = chats.find((chat) => chat["chat_id"] === this.chat.name)?.["unread"];
      if (unread !== after(seq)) wrong.push(`${name} has ${unread} unread, ${after(seq)} stand after ${seq}`);
      lane.close();
    }
    for (const { name, id } of this.#people.values()) {
      const lane = new HttpLane(httpPort, id);
      const path = `/chats/${this.chat.name}/messages?limit=1`;
      const { status } = await lane.ask({ method: "GET", path, form: undefined, headers: {} });
      const due = this.keeper.members.has(id) ? 200 : 404;
      if (status !== due) wrong.push(`${name} is answered ${status} where ${due} is due`);
      lane.close();
    }
    return wrong;
  }
}
