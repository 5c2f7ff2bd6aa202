/** The state of an open room: what the SDK tells becomes rows, once a frame; what a reader does reaches the SDK. */
import { describe, expect, it } from "vitest";
import type {
  ConnectionState,
  HistoryPage,
  Message,
  Outgoing,
  Presence,
  RoomEvents,
  RoomState,
} from "../../../src/sdk/types.ts";
import { ConversationStore, type StoreRoom } from "../../../src/web/conversation/conversation-store.ts";
import type { PageTime } from "../../../src/web/conversation/page-time.ts";

const ME = "alice";

const message = (seq: number, user = "bob", key: string | undefined = undefined): Message => ({
  ...{ type: "message", room: "tea", seq, id: `id-${seq}`, user, text: `text ${seq}`, time: 1_700_000_000_000 + seq },
  ...{ key, isRemoved: false },
});

type Ask = Parameters<StoreRoom["history"]>[0];

/** A room in the test's hands, with a server's history behind it. */
class FakeRoom implements StoreRoom {
  readonly name = "tea";
  state: RoomState = { type: "live" };
  cursor = 0;
  presence: Presence = { users: [ME], count: 1 };
  outgoing: Outgoing[] = [];
  history_: Message[] = [];
  readonly asked: Ask[] = [];
  isOffline = false;
  readonly #listeners = new Map<string, Set<(event: never) => void>>();

  send(text: string): Outgoing {
    const outgoing: Outgoing = { room: this.name, key: `key-${text}`, text, state: { type: "sending" } };
    this.outgoing = [...this.outgoing, outgoing];
    return outgoing;
  }
  retry(): void {
    // Not asked for here.
  }
  discard(key: string): void {
    this.outgoing = this.outgoing.filter((one) => one.key !== key);
  }
  async history(ask: Ask = {}): Promise<HistoryPage> {
    this.asked.push(ask);
    if (this.isOffline) throw new Error("there is no connection");
    const { before, after, limit = 100 } = ask;
    const matching = this.history_.filter(
      ({ seq }) => (before === undefined || seq < before) && (after === undefined || seq > after),
    );
    const records = after === undefined ? matching.slice(-limit) : matching.slice(0, limit);
    return { records, more: matching.length > records.length };
  }
  typing(): void {
    // Not asked for here.
  }
  on<K extends keyof RoomEvents>(type: K, listener: (event: RoomEvents[K]) => void): () => void {
    const set = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, set.add(listener as (event: never) => void));
    return () => set.delete(listener as (event: never) => void);
  }
  tell<K extends keyof RoomEvents>(type: K, event: RoomEvents[K]): void {
    if (type === "state") this.state = event as RoomState;
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }
  /** Something was said, and is told. */
  said(...messages: Message[]): void {
    for (const each of messages) {
      this.history_.push(each);
      this.cursor = each.seq;
      this.outgoing = this.outgoing.filter(({ key }) => key !== each.key);
      this.tell("record", each);
    }
  }
  get listeners(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }
}

/** Time in the test's hands. */
class HandTime implements PageTime {
  #now = 0;
  #waiting: { at: number; callback: () => void }[] = [];
  frames = 0;

  now(): number {
    return this.#now;
  }
  frame(callback: () => void): () => void {
    return this.later(16, () => {
      this.frames += 1;
      callback();
    });
  }
  later(afterMs: number, callback: () => void): () => void {
    const entry = { at: this.#now + afterMs, callback };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((each) => each !== entry);
    };
  }
  /** Lets time pass, and what has been promised meanwhile. */
  async pass(ms: number): Promise<void> {
    for (let until = this.#now + ms; this.#now < until; ) {
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      this.#now += 1;
      const due = this.#waiting.filter(({ at }) => at <= this.#now);
      this.#waiting = this.#waiting.filter(({ at }) => at > this.#now);
      for (const { callback } of due) callback();
    }
  }
}

function open(room = new FakeRoom()) {
  const time = new HandTime();
  const online: ConnectionState = { type: "online", since: 0 };
  const client = { state: online, on: () => () => undefined };
  const store = new ConversationStore({ client, room, me: ME, time });
  store.start();
  return { room, time, store };
}

const shown = (store: ConversationStore): string[] =>
  store.list.value.rows.map((row) => {
    if (row.type === "message") return `${row.message.seq}`;
    return row.type === "outgoing" ? `(${row.outgoing.text})` : row.type;
  });

describe("an open room", () => {
  it("shows what was told in one frame, however much it is", async () => {
    const { room, time, store } = open();
    await time.pass(40);
    const before = time.frames;
    room.said(...Array.from({ length: 200 }, (_, index) => message(index + 1)));
    await time.pass(20);
    expect(time.frames - before).toBe(1);
    expect(shown(store).slice(-2)).toEqual(["199", "200"]);
  });

  it("asks for what was told before it looked, once", async () => {
    const room = new FakeRoom();
    room.said(...Array.from({ length: 30 }, (_, index) => message(index + 1)));
    const { time, store } = open(room);
    await time.pass(40);
    expect(room.asked).toEqual([{ limit: 150 }]);
    expect(shown(store)).toEqual(["start", ...Array.from({ length: 30 }, (_, index) => `${index + 1}`)]);
  });

  it("shows a message of one's own at once, and the same row when it is sent, never both and never neither", async () => {
    const { room, time, store } = open();
    await time.pass(40);
    store.send("hi");
    expect(shown(store)).toEqual(["start", "(hi)"]);
    const key = store.list.value.rows.at(-1)?.key;
    room.said(message(1, ME, "key-hi"));
    expect(shown(store).length).toBe(2);
    await time.pass(20);
    expect(shown(store)).toEqual(["start", "1"]);
    expect(store.list.value.rows.at(-1)?.key).toBe(key);
  });

  it("counts what comes below a reader who looks further up, and goes to the newest when they want", async () => {
    const { room, time, store } = open();
    room.said(...Array.from({ length: 700 }, (_, index) => message(index + 1)));
    await time.pass(40);
    store.follow(false);
    room.said(...Array.from({ length: 900 }, (_, index) => message(index + 701)));
    await time.pass(40);
    expect(store.newBelow.value).toBe(900);
    expect(store.list.value.isAtEnd).toBe(false);
    store.jumpToNewest();
    await time.pass(40);
    expect(store.newBelow.value).toBe(0);
    expect(store.list.value.isAtEnd).toBe(true);
    expect(shown(store).at(-1)).toBe("1600");
  });

  it("pages back to the beginning and on to the end again, and holds a window", async () => {
    const room = new FakeRoom();
    room.said(...Array.from({ length: 3_000 }, (_, index) => message(index + 1)));
    const { time, store } = open(room);
    await time.pass(40);
    store.follow(false);
    const seen = new Set<string>();
    for (let page = 0; page < 40 && !store.list.value.isAtStart; page++) {
      store.fetchOlder();
      await time.pass(20);
      for (const each of shown(store)) seen.add(each);
      expect(store.list.value.rows.length).toBeLessThanOrEqual(801);
    }
    expect(seen.size).toBe(3_001);
    for (let page = 0; page < 40 && !store.list.value.isAtEnd; page++) {
      store.fetchNewer();
      await time.pass(20);
    }
    expect(shown(store).at(-1)).toBe("3000");
  });

  it("says when a page could not be had, and tries again with the next connection", async () => {
    const room = new FakeRoom();
    room.said(...Array.from({ length: 300 }, (_, index) => message(index + 1)));
    const { time, store } = open(room);
    await time.pass(40);
    room.isOffline = true;
    store.fetchOlder();
    await time.pass(40);
    expect(store.list.value.older).toBe("failed");
    room.isOffline = false;
    room.tell("state", { type: "joining" });
    room.tell("state", { type: "live" });
    await time.pass(40);
    expect(store.list.value.older).toBe("idle");
    store.fetchOlder();
    await time.pass(40);
    expect(store.list.value.isAtStart).toBe(true);
  });

  it("tells who came, went and writes, for a moment, and never of oneself", async () => {
    const { room, time, store } = open();
    room.tell("participation", { user: ME, status: "joined" });
    room.tell("participation", { user: "bob", status: "joined" });
    room.tell("typing", { user: "bob" });
    await time.pass(40);
    expect(store.comings.value).toBe("\u2068bob\u2069 joined");
    expect(store.writing.value).toBe("\u2068bob\u2069 is writing…");
    room.said(message(1));
    await time.pass(40);
    expect(store.writing.value).toBe("");
    await time.pass(7_000);
    expect(store.comings.value).toBe("");
  });

  it("reads new messages of others aloud, never history, and many as a number", async () => {
    const { room, time, store } = open();
    room.tell("state", { type: "catching-up" });
    room.said(message(1), message(2));
    room.tell("state", { type: "live" });
    await time.pass(1_100);
    expect(store.announced.value).toBe("");
    room.said(message(3), message(4, ME));
    await time.pass(1_100);
    expect(store.announced.value).toBe("bob: text 3");
    room.said(...Array.from({ length: 50 }, (_, index) => message(index + 5)));
    await time.pass(1_100);
    expect(store.announced.value).toBe("50 new messages");
  });

  it("begins anew after a reset", async () => {
    const { room, time, store } = open();
    room.said(message(1), message(2));
    await time.pass(40);
    room.tell("reset", { oldest: 90 });
    room.said(message(90), message(91));
    await time.pass(40);
    expect(shown(store)).toEqual(["start", "90", "91"]);
    expect(store.list.value.rows[0]).toMatchObject({ type: "start", isTrimmed: true });
  });

  it("lets go of everything when the pane goes", async () => {
    const { room, time, store } = open();
    expect(room.listeners).toBeGreaterThan(0);
    store.stop();
    expect(room.listeners).toBe(0);
    room.said(message(1));
    await time.pass(2_000);
    expect(shown(store)).toEqual([]);
  });

  it("takes nothing into a room that is gone", () => {
    const { room, store } = open();
    room.tell("state", { type: "gone" });
    expect(store.send("hi")).toBe(false);
    expect(room.outgoing).toEqual([]);
  });
});
