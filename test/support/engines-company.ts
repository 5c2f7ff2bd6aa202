/**
 * Test support, engines: people of a chat and of public rooms, spread over the nodes of a cluster, who talk whatever
 * happens and come back to a node that lives; and the verdict on what they were told, on what each node says, and on
 * what stands in the store.
 */
import { setTimeout as delay } from "node:timers/promises";
import { connectChat } from "./chat-client.ts";
import { type Cluster, doorsOf, type Node } from "./engines-cluster.ts";
import { ClusterPoster } from "./engines-poster.ts";
import { Dice } from "./faults-run.ts";
import { HttpPerson } from "./http-people.ts";
import type { LoadDoors } from "./load-actor.ts";
import { Chatter } from "./load-chatter.ts";
import { Follower } from "./load-follower.ts";
import type { Entrance } from "./load-link.ts";
import { LoadRoom } from "./load-room.ts";
import { type KeptRecord, readTruth, type Truth } from "./load-truth.ts";
import { until } from "./until.ts";

const SETTLE_WITHIN_MS = 60_000;
/** How long a connection may take until all is caught up, before another node is tried. */
const COME_WITHIN_MS = 8_000;
const READ_WITHIN_MS = 150_000;
const LOOK_EVERY_MS = 20;
const PAUSE_MS = 100;
/** What a cluster may say beside what a single server may: its engines are away. */
const MAY_BE_TOLD = ["unavailable"];

/** The members of the chat. */
const MEMBERS = ["owner", "t0", "w0", "p0", "p1", "p2", "reader"];

/** People who talk. */
export class Company {
  readonly chat: LoadRoom;
  readonly general: LoadRoom;
  readonly chatters: readonly Chatter[];
  readonly posters: readonly ClusterPoster[];
  readonly followers: readonly Follower[];
  readonly people: ReadonlyMap<string, HttpPerson>;
  readonly #cluster: Cluster;
  #loops: Promise<void>[] = [];
  #isOver = false;
  #lastWords = 0;
  /** Nodes that nobody new goes to: they stand still. */
  readonly avoided = new Set<Node>();

  private constructor(cluster: Cluster, chatId: string, people: ReadonlyMap<string, HttpPerson>, dice: Dice) {
    this.#cluster = cluster;
    this.people = people;
    const id = (name: string): string => people.get(name)?.id ?? "";
    const chat = new LoadRoom(chatId);
    const general = new LoadRoom("general");
    this.chat = chat;
    this.general = general;
    const chatter = (label: string, rooms: readonly LoadRoom[], window: number, entrance: Entrance): Chatter =>
      new Chatter(label, rooms, { window, padding: 50, dice: dice.fork(), entrance, mayBeTold: MAY_BE_TOLD });
    const user = (name: string, over: "tcp" | "websocket"): Entrance => ({ type: "user", over, name, id: id(name) });
    this.chatters = [
      chatter("c0", [general], 2, { type: "guest", over: "tcp" }),
      chatter("c1", [general], 4, { type: "guest", over: "websocket" }),
      chatter("t0", [chat, general], 4, user("t0", "tcp")),
      chatter("w0", [chat], 2, user("w0", "websocket")),
    ];
    const poster = (label: string, rooms: readonly LoadRoom[], triesAgain: boolean, at: number): ClusterPoster =>
      new ClusterPoster(label, rooms, {
        ...{ userId: id(label), dice: dice.fork(), triesAgain, pauseMs: 5 },
        doors: (attempt) => this.#doors(at + attempt),
      });
    this.posters = [
      poster("p0", [chat, general], true, 0),
      poster("p1", [chat], true, 1),
      // Whoever tries once only shows what each refusal is worth.
      poster("p2", [chat, general], false, 0),
    ];
    this.followers = [new Follower("s0", chat, id("reader")), new Follower("s1", general, undefined)];
  }

  /** Makes the people and their chat. Nobody has come yet. */
  static async gather(cluster: Cluster, dice: Dice): Promise<Company> {
    const [node] = cluster.nodes;
    const port = node?.httpPort ?? 0;
    const people = new Map<string, HttpPerson>();
    for (const name of MEMBERS) people.set(name, await HttpPerson.open(port, name));
    const [owner, ...others] = MEMBERS.map((name) => people.get(name) as HttpPerson);
    const chat = await (owner as HttpPerson).chat("tea", ...others);
    return new Company(cluster, chat, people, dice);
  }

  get rooms(): readonly LoadRoom[] {
    return [this.chat, this.general];
  }

  /** How many messages were acknowledged so far. */
  get acknowledged(): number {
    return this.rooms.reduce((sum, room) => sum + room.acknowledged.size, 0);
  }

  /** Refusals so far, by their codes. */
  get refusals(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { refusals } of [...this.chatters, ...this.posters]) {
      for (const code of refusals) counts[code] = (counts[code] ?? 0) + 1;
    }
    return counts;
  }

  /** All begin to talk, and go on whatever happens. */
  start(): void {
    this.#loops = [
      ...this.chatters.map((chatter, index) => this.#keepChatting(chatter, index)),
      ...this.followers.map((follower, index) => this.#keepFollowing(follower, index)),
    ];
    for (const poster of this.posters) poster.start();
  }

  /**
   * Resolves once so many more messages are acknowledged. Rejects where none is for `withinMs`: a slow machine is no fault,
   * one that stands still is. How long all of it may take is the test's own deadline.
   */
  async talk(more: number, withinMs = 30_000): Promise<void> {
    const due = this.acknowledged + more;
    let last = this.acknowledged;
    while (last < due) {
      const before = last;
      last = await until(
        withinMs,
        () => `one of ${due} messages to be acknowledged; ${before} are; refused: ${JSON.stringify(this.refusals)}`,
        () => (this.acknowledged > before ? this.acknowledged : undefined),
      );
    }
  }

  /** Nobody says anything new; resolves once all that was asked has been answered, with everybody still there. */
  async settle(): Promise<void> {
    for (const chatter of this.chatters) chatter.quieten();
    await Promise.all(this.posters.map((poster) => poster.quieten()));
    await until(
      SETTLE_WITHIN_MS,
      () => `answers for ${this.chatters.map(({ label, pending }) => `${label}: ${pending}`)}`,
      () => this.chatters.every(({ pending }) => pending === 0) || undefined,
    );
    await Promise.all(this.#cluster.nodes.map((node) => this.#sayLast(node)));
  }

  /**
   * A last word in each room at a node: once that is acknowledged, all that the node took before stands in the log, or
   * never will; also what it was still writing when its senders heard that nobody knows.
   */
  async #sayLast(node: Node): Promise<void> {
    this.#lastWords += 1;
    const style = { userId: this.people.get("owner")?.id ?? "", dice: new Dice(0), triesAgain: true, pauseMs: 0 };
    const poster = new ClusterPoster(`z${this.#lastWords}`, this.rooms, { ...style, doors: () => doorsOf(node) });
    for (const room of this.rooms) await poster.post(room);
    await poster.quieten();
  }

  /** Ends all connections. */
  async leave(): Promise<void> {
    this.#isOver = true;
    for (const chatter of this.chatters) chatter.quieten();
    for (const follower of this.followers) follower.drop();
    await Promise.all([...this.#loops, ...this.posters.map((poster) => poster.quieten())]);
  }

  /**
   * Everything that is wrong, once all is settled: nothing, if every acknowledged message stands once in one order, with
   * all who listened, on every node and in the store.
   */
  async verdict(): Promise<readonly string[]> {
    const wrong: string[] = [];
    for (const { label, faults } of [...this.chatters, ...this.posters, ...this.followers]) {
      // A stream that is refused while engines are away is asked for again.
      wrong.push(...faults.filter((text) => text !== "was answered 503").map((text) => `${label}: ${text}`));
    }
    for (const room of this.rooms) {
      const views = await this.#views(room);
      wrong.push(...views.flatMap((view) => view.wrong));
      const records = views[0]?.records ?? [];
      for (const view of views) {
        if (JSON.stringify(view.records) !== JSON.stringify(records)) {
          wrong.push(`${room.name}: two nodes have it differently`);
        }
      }
      await this.#heardTo(room, records.length);
      wrong.push(...room.findings());
      wrong.push(...(await this.#wrongInStore(room, records)));
      wrong.push(...this.#wrongOutcomes(room, records));
    }
    return wrong;
  }

  /** What each node has of a room, once all have read the log as far as was acknowledged by any, and as any other. */
  async #views(room: LoadRoom): Promise<readonly Truth[]> {
    let last = 0;
    for (const { seq } of room.acknowledged.values()) last = Math.max(last, seq);
    const first: Truth[] = [];
    for (const node of this.#cluster.nodes) {
      const view = await this.#viewOf(node, room, last);
      last = view.records.length;
      first.push(view);
    }
    return await Promise.all(
      this.#cluster.nodes.map(async (node, index) => {
        const view = first[index];
        return view?.records.length === last ? view : await this.#viewOf(node, room, last);
      }),
    );
  }

  /** What a node has of a room; asked again where it stood still, and has not heard or not read so much of the log yet. */
  async #viewOf(node: Node, room: LoadRoom, last: number): Promise<Truth> {
    return await until(
      READ_WITHIN_MS,
      () => `a node to give ${last} records of ${room.name}`,
      async () => {
        try {
          const truth = await this.#read(doorsOf(node), room);
          return truth.records.length < last ? undefined : truth;
        } catch (error) {
          if (/unavailable|503/.test(String(error))) return undefined;
          throw error;
        }
      },
    );
  }

  async #read({ tcpPort, httpPort }: LoadDoors, room: LoadRoom): Promise<Truth> {
    const userId = this.people.get("t0")?.id ?? "";
    const reader = await connectChat(tcpPort);
    try {
      await reader.ask({ _ct: "hello", v: 1, t: userId }, ({ _et }) => _et === "login_successful");
      return await readTruth(room, reader, { port: httpPort, userId }, new Set());
    } finally {
      reader.drop();
    }
  }

  async #heardTo(room: LoadRoom, last: number): Promise<void> {
    const behind = (): readonly string[] => [
      ...this.chatters
        .filter((chatter) => chatter.hears(room) && chatter.cursor(room) < last)
        .map((chatter) => `${chatter.label} (${chatter.cursor(room)})`),
      ...this.followers
        .filter((follower) => follower.room === room && follower.cursor < last)
        .map(({ label, cursor }) => `${label} (${cursor})`),
    ];
    await until(
      SETTLE_WITHIN_MS,
      () => `${behind()} to hear the end of ${room.name}, ${last}`,
      () => behind().length === 0 || undefined,
    );
  }

  /** The store, once its checkpoint is past the last record, has the same as the nodes. */
  async #wrongInStore(room: LoadRoom, records: readonly KeptRecord[]): Promise<readonly string[]> {
    const due = records.map(({ seq, change, id }) => `${seq} ${change === undefined ? id : "-"}`);
    let found: readonly string[] = [];
    await until(
      SETTLE_WITHIN_MS,
      () => `the store to have ${due.length} records of ${room.name}; it has ${found.length}`,
      async () => {
        const stored = await this.#cluster.stored(room.name);
        found = stored.records.map(({ seq, record }) => `${seq} ${record.kind === "message" ? record.id : "-"}`);
        return (found.length >= due.length && stored.checkpoint > (stored.records.at(-1)?.position ?? 0)) || undefined;
      },
    );
    const at = due.findIndex((text, index) => found[index] !== text);
    if (at < 0 && found.length === due.length) return [];
    return [`${room.name}: the store has ${found.length} of ${due.length} records; ${found[at]}, should be ${due[at]}`];
  }

  /** CMD-5: what was answered with 200 is there, with `not_sent` is not, and all else at most once, which others see to. */
  #wrongOutcomes(room: LoadRoom, records: readonly KeptRecord[]): readonly string[] {
    const there = new Set(records.map(({ key }) => key));
    const wrong: string[] = [];
    for (const { outcomes } of this.posters) {
      for (const [key, outcome] of outcomes) {
        if (!room.keys.has(key)) continue;
        if (outcome === "200" && !there.has(key)) wrong.push(`${key} was acknowledged and is not there`);
        if (outcome === "not_sent" && there.has(key)) wrong.push(`${key} was not sent and is there`);
      }
    }
    return wrong.slice(0, 20);
  }

  #doors(turn: number): LoadDoors | undefined {
    const open = this.#cluster.nodes.filter((node) => !this.avoided.has(node));
    const node = open[turn % Math.max(1, open.length)];
    return node === undefined ? undefined : doorsOf(node);
  }

  /** Comes, stays until the connection is lost or something was refused, and comes again. */
  async #keepChatting(chatter: Chatter, index: number): Promise<void> {
    for (let turn = index; !this.#isOver; turn++) {
      const doors = this.#doors(turn);
      if (doors !== undefined) {
        const refused = chatter.refusals.length;
        const deadline = performance.now() + COME_WITHIN_MS;
        let isThere = false;
        const coming = chatter.come(chatter.comesOverHttp ? doors.httpPort : doors.tcpPort).then((came) => {
          isThere = came;
        });
        while (!this.#isOver && !chatter.link.hasEnded && chatter.refusals.length === refused) {
          if (!isThere && performance.now() > deadline) break;
          await delay(LOOK_EVERY_MS);
        }
        chatter.link.drop();
        await chatter.link.ended;
        await coming;
      }
      await delay(PAUSE_MS);
    }
  }

  async #keepFollowing(follower: Follower, index: number): Promise<void> {
    for (let turn = index; !this.#isOver; turn++) {
      const doors = this.#doors(turn);
      if (doors !== undefined) {
        await follower.come(doors);
        await follower.over;
      }
      await delay(PAUSE_MS);
    }
  }
}
