/**
 * Test support: the simulation. One number decides everything: how small the server's limits are, what clients do, when
 * disk and store fail, when the server is killed, how slowly each connection takes its bytes. What is heard is checked
 * as it comes; at the end all is healed, and everything that was promised must have come true.
 */
import { RoomCheck } from "../../src/bench/delivery-check.ts";
import { findingCount } from "../../src/bench/findings.ts";
import { ENVELOPE_VERSION } from "../../src/server/record.ts";
import { SeededRandom } from "./fake-clock.ts";
import { message, uuidOf } from "./log-records.ts";
import { Client, type SenderOf, Violation } from "./simulation-client.ts";
import { storedRows } from "./simulation-projector.ts";
import { Truth } from "./simulation-truth.ts";
import { Weather } from "./simulation-weather.ts";
import { World } from "./simulation-world.ts";

const STEPS = 160;
const ROOMS = ["general", "rust", "ops"];
/** What the server may complain of while log and store fail. */
const EXPECTED_COMPLAINTS = [
  "the store could not be written; history waits, delivery goes on",
  "messages could not be written to the log",
  "a read failed",
  "the store did not take the last writes in time; they are in the log and follow at the next start",
];

/** What a run came to; the same for the same seed. */
export interface Summary {
  readonly records: number;
  readonly heard: number;
  readonly crashes: number;
  readonly stops: number;
  readonly rebuilds: number;
  readonly resets: number;
  /** Connections that were stopped from sending because they took too little. */
  readonly behind: number;
  /** Messages that were acknowledged, and tries that ended otherwise. */
  readonly acked: number;
  readonly unknown: number;
  /** Messages that were asked to be removed. */
  readonly removed: number;
}

/** One run. */
export class Simulation {
  readonly #random: SeededRandom;
  readonly #world: World;
  readonly #truth: Truth;
  readonly #weather: Weather;
  readonly #clients: readonly Client[];
  readonly #rooms: readonly string[];
  readonly #checks = new Map<string, RoomCheck>();
  readonly #senders = new Map<string, number>();
  /** The highest floor that a room ever had: no reset may go beyond. */
  readonly #floors = new Map<string, number>();
  readonly #trims: boolean;
  #found: Error | undefined;
  #unknown = 0;
  #behind = 0;
  #foreign = 0;
  #crashes = 0;
  #stops = 0;
  #rebuilds = 0;
  #removed = 0;

  constructor(seed: number) {
    const random = new SeededRandom(seed);
    this.#random = random;
    this.#rooms = ROOMS.slice(0, 1 + random.below(ROOMS.length));
    const messages = random.happens(0.2) ? 5 + random.below(30) : undefined;
    this.#trims = random.happens(0.3);
    this.#world = new World({
      seed,
      rooms: this.#rooms,
      limits: {
        outboxBytesMax: random.pick([2500, 6000, 20_000, 1024 * 1024]),
        recentBytesMax: random.pick([1000, 5000, 30_000, 1024 * 1024]),
        appendBytesMax: 32 * 1024,
        appendQueueBytesMax: random.pick([40_000, 4 * 1024 * 1024]),
        pageBytesMax: 1500,
        historyPageMax: 50,
      },
      retention: { messages, days: undefined },
    });
    this.#truth = new Truth(this.#world.records);
    this.#weather = new Weather(this.#world, random);
    this.#clients = Array.from({ length: 2 + random.below(4) }, (_, index) => this.#client(`c${index}`));
    // With history that may be cut short, nobody is sure to see everything: what is heard is checked one by one.
    if (messages === undefined && !this.#trims) this.#watch();
  }

  /** Runs to the end. Throws where something that was promised did not come true. */
  async run(): Promise<Summary> {
    await this.#world.start();
    for (let step = 0; step < STEPS; step++) {
      await this.#act();
      await this.#pass(this.#pause());
    }
    await this.#heal();
    return this.#summary();
  }

  #client(label: string): Client {
    const found = (error: Error): void => {
      this.#found ??= error;
    };
    const senderOf: SenderOf = (room, text) => {
      const [from, number] = (text.split(" ")[0] ?? "").split(":");
      const sender = this.#senders.get(`${room} ${from}`);
      return sender === undefined ? undefined : { sender, number: Number(number) };
    };
    return new Client({ label, world: this.#world, truth: this.#truth, senderOf, found });
  }

  #watch(): void {
    for (const room of this.#rooms) {
      const check = new RoomCheck(room, "acknowledged");
      this.#checks.set(room, check);
      for (const client of this.#clients) this.#senders.set(`${room} ${client.label}`, client.watch(room, check));
    }
  }

  /** Mostly a moment, seldom long: everything that has a deadline comes to it now and then. */
  #pause(): number {
    const random = this.#random;
    if (random.happens(0.7)) return random.below(5);
    if (random.happens(0.8)) return random.below(400);
    return random.pick([2500, 13_000, 33_000, 61_000]);
  }

  async #act(): Promise<void> {
    const random = this.#random;
    const client = random.pick(this.#clients);
    const room = random.pick(this.#rooms);
    const chosen = random.below(100);
    if (chosen < 4) await this.#restart();
    else if (chosen < 10) this.#weather.change();
    else if (chosen < 14) this.#appendForeign(room);
    else if (chosen < 18) client.lose();
    else if (chosen < 23) this.#remove(room);
    else if (!client.isConnected) await this.#connect(client);
    else if (chosen < 60) this.#talk(client, room);
    else if (chosen < 68) this.#retry(client);
    else if (chosen < 78) this.#joinOrLeave(client, room);
    else if (chosen < 86) client.ask(room, random.happens(0.4) ? undefined : this.#someSeq(room), 1 + random.below(20));
    else this.#changePace(client);
  }

  async #connect(client: Client): Promise<void> {
    await client.connect();
    for (const room of this.#rooms) if (this.#random.happens(0.7)) client.join(room);
    if (this.#random.happens(0.4)) this.#changePace(client);
  }

  #talk(client: Client, room: string): void {
    const view = client.views.get(room);
    if (view === undefined || view.isLeaving) return;
    const count = this.#random.happens(0.2) ? 20 : 1 + this.#random.below(3);
    for (let i = 0; i < count; i++) client.post(room, this.#random.below(60));
  }

  #retry(client: Client): void {
    const posts = [...client.posts.values()].filter(({ room, outcome }) => {
      const view = client.views.get(room);
      return outcome !== "waiting" && view !== undefined && !view.isLeaving;
    });
    if (posts.length === 0) return;
    const open = posts.filter(({ outcome }) => outcome !== "acked");
    if (open.some(({ outcome }) => outcome === "unknown")) this.#unknown += 1;
    client.retry(this.#random.pick(open.length > 0 ? open : posts));
  }

  #joinOrLeave(client: Client, room: string): void {
    if (client.views.has(room)) client.leave(room);
    else client.join(room);
  }

  #changePace(client: Client): void {
    const { connection } = client;
    if (connection === undefined) return;
    connection.isFast = !connection.isFast;
    if (connection.isFast) connection.take(Number.MAX_SAFE_INTEGER);
  }

  #someSeq(room: string): number {
    return this.#random.below(this.#truth.rows(this.#world.roomId(room)).length + 1);
  }

  /** What another node may write: a kind that this program does not know, and now and then a key a second time. */
  #appendForeign(room: string): void {
    this.#foreign += 1;
    const record = message(this.#foreign, {
      version: ENVELOPE_VERSION + 1,
      kind: "poll_opened",
      room: this.#world.roomId(room),
      sender: uuidOf(77),
      key: this.#random.happens(0.5) ? `poll ${this.#foreign % 3}` : undefined,
      body: JSON.stringify({ options: this.#foreign % 2 }),
    });
    this.#world.log.append(0, [record]).catch(() => undefined);
  }

  /** Takes the text of something that was said away, as a request does; now and then of what is none, or is gone. */
  #remove(room: string): void {
    const id = this.#world.roomId(room);
    const rows = this.#truth.rows(id);
    if (rows.length === 0) return;
    this.#removed += 1;
    const { record, seq } = this.#random.pick(this.#random.happens(0.5) ? rows.slice(-3) : rows);
    const said = {
      kind: "message_removed",
      room: id,
      sender: uuidOf(77),
      body: JSON.stringify({ id: record.id, seq }),
    };
    this.#world.log.append(0, [message(this.#removed, said)]).catch(() => undefined);
  }

  async #restart(): Promise<void> {
    const world = this.#world;
    const random = this.#random;
    await this.#noteFloors();
    if (this.#trims) world.oldestToKeep = random.below(world.records.length + 1);
    if (random.happens(0.5)) {
      this.#crashes += 1;
      world.crash();
    } else {
      this.#stops += 1;
      await world.stop();
    }
    for (const client of this.#clients) {
      this.#count(client);
      client.lose();
    }
    if (random.happens(0.15)) {
      this.#rebuilds += 1;
      world.loseStore();
    }
    this.#weather.clear();
    await world.start();
    await this.#noteFloors();
  }

  async #noteFloors(): Promise<void> {
    const { store } = this.#world;
    store.hooks.beforeRead = undefined;
    for (const room of this.#rooms) {
      const floor = await store.floor(this.#world.roomId(room));
      this.#floors.set(room, Math.max(floor, this.#floors.get(room) ?? 1));
    }
  }

  /** Lets time go by, and every slow connection take something. */
  async #pass(ms: number): Promise<void> {
    await this.#world.clock.advance(ms);
    for (const { connection } of this.#clients) {
      if (connection !== undefined && !connection.isFast) connection.take(this.#random.pick([0, 0, 30, 700, 5000]));
    }
    await this.#world.clock.settle();
    this.#check();
  }

  #check(): void {
    if (this.#found !== undefined) throw this.#found;
    for (const { label, connection } of this.#clients) {
      if (connection === undefined) continue;
      if (connection.fault !== undefined) throw new Violation(`${label}: ${connection.fault}`);
      const { session } = connection;
      // Only answers may go over the limit, and then the session is behind.
      if (session.outbox.bytes > this.#world.limits.outboxBytesMax && !session.behind && !session.ended) {
        throw new Violation(`${label} has ${session.outbox.bytes} bytes waiting and is not behind`);
      }
    }
    for (const { msg, where } of this.#world.complaints.splice(0)) {
      if (!EXPECTED_COMPLAINTS.includes(msg) && where !== "retention")
        throw new Violation(`the server complains: ${msg} ${where ?? ""}`);
    }
  }

  /** Nothing fails any more, everybody comes back, follows everything and takes all that there is. */
  async #heal(): Promise<void> {
    this.#weather.clear();
    await this.#takeAll(40_000);
    for (const client of this.#clients) {
      if (client.isConnected) continue;
      this.#count(client);
      await client.connect();
    }
    await this.#takeAll(1000);
    for (const client of this.#clients) {
      for (const room of this.#rooms) if (!client.views.has(room)) client.join(room);
    }
    await this.#takeAll(15_000);
    for (const client of this.#clients) {
      client.checkSettled(this.#rooms);
      this.#count(client);
    }
    for (const check of this.#checks.values()) {
      const findings = check.settle();
      if (findingCount(findings) > 0) throw new Violation(`the delivery check found ${findings.examples.join("; ")}`);
    }
    await this.#noteFloors();
    await this.#world.stop();
    this.#check();
    await this.#checkStore();
    this.#checkResets();
  }

  async #takeAll(ms: number): Promise<void> {
    for (const { connection } of this.#clients) {
      if (connection === undefined) continue;
      connection.isFast = true;
      connection.take(Number.MAX_SAFE_INTEGER);
    }
    await this.#world.clock.advance(ms);
    this.#check();
  }

  /** PROJ-1: the store, written by any number of folds, has what the log says. */
  async #checkStore(): Promise<void> {
    const { store } = this.#world;
    for (const room of this.#rooms) {
      const id = this.#world.roomId(room);
      const floor = await store.floor(id);
      const stored = JSON.stringify(await storedRows(store, [id]));
      const expected = JSON.stringify(this.#truth.kept(id).filter(({ seq }) => seq >= floor));
      if (stored !== expected) throw new Violation(`the store has of ${room} ${stored} where the log says ${expected}`);
    }
  }

  #checkResets(): void {
    for (const { label, resets } of this.#clients) {
      for (const { room, oldest } of resets) {
        const floor = this.#floors.get(room) ?? 1;
        if (oldest > floor)
          throw new Violation(`${label} was reset to ${oldest} in ${room}, which begins with ${floor}`);
      }
    }
  }

  #count({ connection }: Client): void {
    if (connection !== undefined && connection.pauses > 0) this.#behind += 1;
  }

  #summary(): Summary {
    const posts = this.#clients.flatMap((client) => [...client.posts.values()]);
    return {
      records: this.#world.records.length,
      heard: this.#clients.reduce((sum, client) => sum + client.heard, 0),
      crashes: this.#crashes,
      stops: this.#stops,
      rebuilds: this.#rebuilds,
      resets: this.#clients.reduce((sum, client) => sum + client.resets.length, 0),
      behind: this.#behind,
      acked: posts.filter(({ ack }) => ack !== undefined).length,
      unknown: this.#unknown,
      removed: this.#removed,
    };
  }
}
