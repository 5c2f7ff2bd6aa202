/**
 * Test support: a program that uses the SDK as one should: remembers how far it has dealt with each room, writes down
 * what is unsent, and can be ended at any moment and started again. It checks what it is told against the truth.
 */
import { ChatClient } from "../../src/sdk/chat-client.ts";
import type { SdkClock } from "../../src/sdk/clock.ts";
import type { Room } from "../../src/sdk/room.ts";
import type { Connect } from "../../src/sdk/transport.ts";
import type { KeptOutgoing, RoomRecord } from "../../src/sdk/types.ts";
import type { ModelServer } from "./sdk-model-server.ts";

/** A message that the program has said. */
interface Said {
  readonly room: string;
  readonly text: string;
  /** Why the server refused it for good, if it did. */
  failed: string | undefined;
  isSent: boolean;
}

/** What a program is made of. */
export interface AppOptions {
  readonly name: string;
  readonly server: ModelServer;
  readonly connect: Connect;
  readonly token: string | undefined;
  readonly clock: SdkClock;
  readonly random: () => number;
  readonly rooms: readonly string[];
}

/** One program. */
export class SdkApp {
  readonly name: string;
  /** Every message by its key, in the order of saying. */
  readonly said = new Map<string, Said>();
  readonly faults: string[] = [];
  client: ChatClient;
  resets = 0;
  pages = 0;
  readonly #options: AppOptions;
  /** How far each room is dealt with; this and what is kept is on a disk. */
  readonly #cursors = new Map<string, number>();
  #kept: readonly KeptOutgoing[] = [];
  #texts = 0;
  /** The message that has left `outgoing` and whose record is told next: nothing may come between. */
  #between: string | undefined;

  constructor(options: AppOptions) {
    this.name = options.name;
    this.#options = options;
    this.client = this.#start(undefined);
  }

  /** Says something. */
  say(roomName: string, length: number): void {
    this.#texts += 1;
    const text = `${this.name} ${this.#texts} `.padEnd(length, "x");
    const { key } = this.#room(roomName).send(text);
    this.said.set(key, { room: roomName, text, failed: undefined, isSent: false });
  }

  /** Ends as a process ends that is killed, and starts again. */
  restart(): void {
    const { session } = this.client;
    this.client.close();
    this.client = this.#start(session);
  }

  /** Leaves a room and comes back. */
  reopen(name: string): void {
    this.#room(name).leave();
    this.#open(name);
  }

  /** Looks at a page of the past and holds it against the truth. */
  look(name: string, before: number): void {
    const { server } = this.#options;
    const isRight = ({ records }: { records: readonly RoomRecord[] }): boolean =>
      records.every((record, at) => record.seq < before && this.#isTrue(name, record, (records[0]?.seq ?? 0) + at));
    this.#room(name)
      .history({ before, limit: 10 })
      .then(
        (page) => {
          this.pages += 1;
          if (!isRight(page)) this.faults.push(`${this.name}: a page before ${before} of ${server.room(name).head}`);
        },
        () => undefined,
      );
  }

  /** What is not as it must be once all has been told. */
  verdict(): readonly string[] {
    const { server, rooms } = this.#options;
    const faults = [...this.faults];
    for (const name of rooms) {
      const { head } = server.room(name);
      const cursor = this.#cursors.get(name) ?? 0;
      const { state, outgoing } = this.#room(name);
      if (cursor !== head) faults.push(`${this.name}: told up to ${cursor} of ${head} in ${name}, ${state.type}`);
      if (outgoing.length > 0) faults.push(`${this.name}: ${outgoing.length} still unsent in ${name}`);
    }
    for (const [key, { room, text, failed, isSent }] of this.said) {
      const count = server.room(room).log.filter((record) => record.key === key).length;
      if (count !== (failed === undefined ? 1 : 0)) faults.push(`${text}: ${count} times, failed: ${failed}`);
      if (isSent === (failed !== undefined)) faults.push(`${text}: sent: ${isSent}, failed: ${failed}`);
    }
    return faults;
  }

  /** Messages that stand before one that was said earlier. */
  overtakers(): readonly string[] {
    const { server, rooms } = this.#options;
    return rooms.flatMap((room) => {
      const seqs = [...this.said].flatMap(([key, said]) =>
        said.room === room ? (server.room(room).log.find((record) => record.key === key)?.seq ?? []) : [],
      );
      return seqs.some((seq, at) => at > 0 && seq < (seqs[at - 1] ?? 0)) ? [`${this.name} in ${room}: ${seqs}`] : [];
    });
  }

  #start(session: string | undefined): ChatClient {
    const { connect, token, clock, random, rooms } = this.#options;
    const keeper = {
      load: () => this.#kept,
      save: (kept: readonly KeptOutgoing[]) => {
        this.#kept = kept;
      },
    };
    const client = new ChatClient({ connect, token, session, clock, random, keeper });
    this.client = client;
    for (const name of rooms) this.#open(name);
    client.connect();
    return client;
  }

  #room(name: string): Room {
    const room = this.client.room(name);
    if (room === undefined) throw new Error(`${name} is not open`);
    return room;
  }

  #open(name: string): void {
    const room = this.client.open(name, { after: this.#cursors.get(name) ?? 0 });
    room.on("record", (record) => this.#told(room, record));
    room.on("reset", ({ oldest }) => {
      this.resets += 1;
      if (oldest <= (this.#cursors.get(name) ?? 0) + 1) this.faults.push(`${this.name}: reset to ${oldest} in ${name}`);
      this.#cursors.set(name, oldest - 1);
    });
    room.on("outgoing", ({ key, state }) => {
      const said = this.said.get(key);
      if (said === undefined) return;
      this.#nothingBetween(key);
      if (state.type === "sent") {
        said.isSent = true;
        // Where it is about to be told the cursor is there already.
        if (state.seq >= room.cursor) this.#between = key;
      } else if (state.type === "failed") {
        said.failed = state.code;
        room.discard(key);
      }
    });
  }

  #told(room: Room, record: RoomRecord): void {
    const { name } = room;
    const next = (this.#cursors.get(name) ?? 0) + 1;
    this.#cursors.set(name, record.seq);
    if (!this.#isTrue(name, record, next)) this.faults.push(`${this.name}: ${record.seq} in ${name}, not ${next}`);
    if (room.cursor !== record.seq) this.faults.push(`${this.name}: the cursor is ${room.cursor}, not ${record.seq}`);
    const key = record.type === "message" ? record.key : undefined;
    this.#nothingBetween(key);
    this.#between = undefined;
    // A view that shows records and what is unsent shows each once, at any moment.
    if (room.outgoing.some((one) => one.key === key)) this.faults.push(`${this.name}: ${key} is shown twice`);
    const said = key === undefined ? undefined : this.said.get(key);
    if (said?.isSent === false) this.faults.push(`${this.name}: ${key} was told before it was sent`);
  }

  /** A view that shows records and what is unsent shows each at least once, too. */
  #nothingBetween(key: string | undefined): void {
    if (this.#between === undefined || this.#between === key) return;
    this.faults.push(`${this.name}: ${this.#between} was sent and is not told`);
    this.#between = undefined;
  }

  #isTrue(name: string, record: RoomRecord, seq: number): boolean {
    const truth = this.#options.server.room(name).log[seq - 1];
    const text = record.type === "message" ? record.text : truth?.text;
    return record.seq === seq && truth?.seq === seq && truth.text === text && truth.user === record.user;
  }
}
