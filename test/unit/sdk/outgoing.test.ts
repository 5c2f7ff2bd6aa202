/** The SDK's own messages: sent once and in order, said of each how it is doing, and not lost with the page. */
import { describe, expect, it } from "vitest";
import { ChatClient } from "../../../src/sdk/chat-client.ts";
import type { KeptOutgoing, Outgoing } from "../../../src/sdk/types.ts";
import { SeededRandom } from "../../support/fake-clock.ts";
import { SdkTestClock } from "../../support/sdk-clock.ts";
import { joins, type Line, Lines, message } from "../../support/sdk-line.ts";

function start({ user = "ann", kept = [] as readonly KeptOutgoing[] } = {}) {
  const clock = new SdkTestClock();
  const lines = new Lines();
  const saves: (readonly KeptOutgoing[])[] = [];
  const keeper = { load: () => kept, save: (waiting: readonly KeptOutgoing[]) => saves.push(waiting) };
  const dice = new SeededRandom(7);
  const client = new ChatClient({ connect: lines.connect, clock, random: () => dice.next(), keeper });
  const room = client.open("rust", { after: 0 });
  const states: string[] = [];
  room.on("outgoing", ({ text, state }) => states.push(`${text} ${state.type}`));
  client.connect();
  const comeBack = (as = user): Line => {
    clock.advance(30_000);
    return lines.last.letsIn(as);
  };
  return { client, clock, lines, room, states, saves, comeBack, line: lines.last.letsIn(user) };
}

const live = (): object[] => joins("rust", ["ann"], [], 0);
const texts = (line: Line): unknown[] => line.all("send_message").map(({ c }) => c);
const ack = ({ key }: Outgoing, seq: number): object => ({ _et: "ack", k: key, i: `id ${seq}`, q: seq });
const own = ({ key, text }: Outgoing, seq: number): object => message("rust", seq, "ann", text, key);
const refuse = ({ key }: Outgoing, code: string): object => ({ _et: "error", code, m: code, r: "rust", k: key });

describe("a message", () => {
  it("is sent once the room is live, and is sent when it comes back", () => {
    const { line, room, states } = start();
    const said = room.send("hello");
    expect(said).toMatchObject({ room: "rust", text: "hello", state: { type: "sending" } });
    expect(texts(line)).toEqual([]);
    line.tell(...live());
    expect(line.all("send_message")).toEqual([{ r: "rust", c: "hello", k: said.key }]);
    const shown: (readonly Outgoing[])[] = [];
    room.on("record", () => shown.push(room.outgoing));
    line.tell(ack(said, 1));
    expect(room.outgoing).toHaveLength(1);
    line.tell(own(said, 1));
    // Told as sent before its record is: a view that shows both lists shows it once.
    expect(shown).toEqual([[]]);
    expect(states).toEqual(["hello sending", "hello sent"]);
  });

  it("is sent by its record, where the answer got lost", () => {
    const { line, room, states } = start();
    line.tell(...live());
    line.tell(own(room.send("hello"), 1));
    expect(states).toEqual(["hello sending", "hello sent"]);
  });

  it("SDK-3 is sent again, with its key, where it has not come back", () => {
    const { line, room, states, comeBack } = start();
    line.tell(...live());
    const [first, second] = [room.send("first"), room.send("second")];
    line.ends();
    const next = comeBack();
    expect(texts(next)).toEqual([]);
    next.tell(...joins("rust", ["ann"], [own(first, 1)], 1));
    expect(next.all("send_message")).toEqual([{ r: "rust", c: "second", k: second.key }]);
    expect(states).toEqual(["first sending", "second sending", "first sent"]);
  });

  it("that was answered and not told is not sent again", () => {
    const { line, room, comeBack, states } = start();
    line.tell(...live());
    const said = room.send("hello");
    line.tell(ack(said, 1)).ends();
    const next = comeBack();
    next.tell(...joins("rust", ["ann"], [own(said, 1)], 1));
    expect(texts(next)).toEqual([]);
    expect(states.at(-1)).toBe("hello sent");
  });

  it("that was answered and is lost with the server's data is sent again", () => {
    const { line, room, comeBack } = start();
    line.tell(...live());
    line.tell(ack(room.send("hello"), 1)).ends();
    expect(texts(comeBack().tell(...live()))).toEqual(["hello"]);
  });

  it("that was told before one began to listen is sent with its answer", () => {
    const { client, line, states } = start({ kept: [{ room: "go", key: "k1", text: "old", user: "ann" }] });
    const room = client.open("go", { last: 1 });
    room.on("outgoing", ({ text, state }) => states.push(`${text} ${state.type}`));
    line.tell(...joins("go", ["ann"], [message("go", 90, "bob", "news")], 90));
    line.tell({ _et: "ack", k: "k1", i: "id 7", q: 7 });
    expect(states).toEqual(["old sent"]);
    expect(room.outgoing).toEqual([]);
  });

  it("goes out with 31 others at once and no more, all in order", () => {
    const { line, room } = start();
    line.tell(...live());
    const said = Array.from({ length: 100 }, (_, at) => room.send(`${at}`));
    expect(texts(line)).toEqual(said.slice(0, 32).map(({ text }) => text));
    said.forEach((one, at) => {
      line.tell(ack(one, at + 1), own(one, at + 1));
    });
    expect(texts(line)).toEqual(said.map(({ text }) => text));
    expect(room.outgoing).toEqual([]);
  });

  it("that the server will never take has failed, and says why; those behind it go on", () => {
    const { line, room } = start();
    line.tell(...live());
    const [long, short] = [room.send("x".repeat(20_000)), room.send("short")];
    line.tell(refuse(long, "message_too_long"), own(short, 1));
    expect(room.outgoing).toMatchObject([{ key: long.key, state: { type: "failed", code: "message_too_long" } }]);
  });

  it.each(["too_fast", "overloaded", "not_sent", "unknown", "unavailable", "internal", "going_away"])(
    "is tried again after a pause where it is refused with %s, those behind it after it",
    (code) => {
      const { clock, line, room } = start();
      line.tell(...live());
      const [first, second] = [room.send("first"), room.send("second")];
      line.tell(refuse(first, code), refuse(second, code));
      expect(room.outgoing.map(({ state }) => state.type)).toEqual(["sending", "sending"]);
      clock.advance(500);
      expect(texts(line)).toHaveLength(2);
      clock.advance(1000);
      expect(texts(line)).toEqual(["first", "second", "first"]);
      line.tell(own(first, 1));
      expect(texts(line).slice(3)).toEqual(["second"]);
    },
  );

  it("waits longer each time it is refused", () => {
    const { clock, line, room } = start();
    line.tell(...live());
    const said = room.send("hello");
    const tries: number[] = [];
    for (let n = 0; n < 5; n++) {
      line.tell(refuse(said, "overloaded"));
      const count = texts(line).length;
      let waited = 0;
      for (; texts(line).length === count; waited += 100) clock.advance(100);
      tries.push(waited);
    }
    expect(tries).toEqual(tries.toSorted((a, b) => a - b));
    expect(tries.at(-1)).toBeGreaterThan(4000);
  });

  it("can be tried again when it has failed, and let go of", () => {
    const { line, room, states } = start();
    line.tell(...live());
    const said = room.send("hello");
    line.tell(refuse(said, "forbidden"));
    room.retry("not a key");
    room.retry(said.key);
    room.retry(said.key);
    expect(line.all("send_message").map(({ k }) => k)).toEqual([said.key, said.key]);
    line.tell(refuse(said, "forbidden"));
    room.discard(said.key);
    room.discard(said.key);
    expect(room.outgoing).toEqual([]);
    expect(states).toEqual(["hello sending", "hello failed", "hello sending", "hello failed"]);
  });

  it("gets another key where its own is taken", () => {
    const { line, room } = start();
    line.tell(...live());
    const said = room.send("hello");
    line.tell(refuse(said, "key_reused"));
    room.retry(said.key);
    const keys = line.all("send_message").map(({ k }) => k);
    expect(new Set(keys).size).toBe(2);
    expect(room.outgoing).toMatchObject([{ key: keys[1], state: { type: "sending" } }]);
  });

  it("too long for a line, for which the server hangs up, fails, and the rest goes on", () => {
    const { client, line, room, comeBack } = start();
    line.tell(...live());
    const [long] = [room.send("x".repeat(200_000)), room.send("short")];
    line.tell({ _et: "error", code: "line_too_long", m: "too long" }).ends(1009, "");
    expect(client.state.type).toBe("waiting");
    expect(room.outgoing.map(({ state }) => state.type)).toEqual(["failed", "sending"]);
    expect(room.outgoing[0]?.key).toBe(long?.key);
    expect(texts(comeBack().tell(...live()))).toEqual(["short"]);
  });

  it("of one is not sent as somebody else's", () => {
    const { line, room, comeBack } = start();
    line.tell(...live());
    const said = room.send("I, Ann");
    line.ends();
    const next = comeBack("bob").tell(...joins("rust", ["bob"], [], 0));
    expect(texts(next)).toEqual([]);
    expect(room.outgoing).toMatchObject([
      { state: { type: "failed", code: "signed_out", text: "ann said this, and you are bob now" } },
    ]);
    room.retry(said.key);
    expect(texts(next)).toEqual(["I, Ann"]);
  });

  it("whose room says that one is not there is sent once one is", () => {
    const { line, room } = start();
    line.tell(...live());
    const said = room.send("hello");
    line.tell(refuse(said, "not_joined"));
    expect(room.state.type).toBe("joining");
    line.tell(...live());
    expect(texts(line)).toEqual(["hello", "hello"]);
  });

  it("that is never answered costs the connection, and is sent on the next", () => {
    const { clock, line, lines, room } = start();
    line.tell(...live());
    room.send("hello");
    for (let n = 0; n < 8; n++) {
      clock.advance(5000);
      line.tell({ _et: "typing", r: "rust", u: "bob" });
    }
    expect(line.isClosed).toBe(true);
    expect(texts(lines.last.letsIn("ann").tell(...live()))).toEqual(["hello"]);
  });
});

describe("keys", () => {
  it("are not to be guessed, and fit", () => {
    const client = new ChatClient({ connect: new Lines().connect, clock: new SdkTestClock() });
    const room = client.open("rust");
    const keys = Array.from({ length: 1000 }, () => room.send("a").key);
    expect(new Set(keys).size).toBe(1000);
    for (const key of keys) expect(key).toMatch(/^[0-9a-z]{20}$/);
  });
});

describe("what is unsent", () => {
  const micro = (): Promise<void> => Promise.resolve();

  it("is written down at once, and crossed out in time", async () => {
    const { clock, line, room, saves } = start();
    line.tell(...live());
    const said = [room.send("a"), room.send("b")];
    await micro();
    expect(saves).toHaveLength(1);
    expect(saves[0]).toEqual(said.map(({ key, text }) => ({ room: "rust", key, text, user: "ann" })));
    for (const [at, one] of said.entries()) line.tell(own(one, at + 1));
    expect(saves).toHaveLength(1);
    clock.advance(300);
    expect(saves.at(-1)).toEqual([]);
  });

  it("is crossed out before the end", async () => {
    const { client, line, room, saves } = start();
    line.tell(...live());
    const said = room.send("a");
    await micro();
    line.tell(own(said, 1));
    client.close();
    expect(saves.at(-1)).toEqual([]);
  });

  it("is sent by the next who opens the room, with the same key, unless it has come back", () => {
    const kept = ["a", "b"].map((text) => ({ room: "rust", key: `key ${text}`, text, user: "ann" }));
    const { line, room } = start({ kept });
    expect(room.outgoing.map(({ key }) => key)).toEqual(["key a", "key b"]);
    line.tell(...joins("rust", ["ann"], [message("rust", 1, "ann", "a", "key a")], 1));
    expect(line.all("send_message")).toEqual([{ r: "rust", c: "b", k: "key b" }]);
  });

  it("is not sent by somebody else", () => {
    const { line, room } = start({ user: "bob", kept: [{ room: "rust", key: "k", text: "a", user: "ann" }] });
    line.tell(...joins("rust", ["bob"], [], 0));
    expect(room.outgoing).toMatchObject([{ state: { type: "failed", code: "signed_out" } }]);
  });

  it("stays with the client while its room is not open", async () => {
    const { client, room, saves } = start({ kept: [{ room: "go", key: "k", text: "a" }] });
    const { key } = room.send("b");
    room.leave();
    await micro();
    expect(saves.at(-1)?.map(({ text }) => text)).toEqual(["a", "b"]);
    expect(client.open("rust").outgoing.map((one) => one.key)).toEqual([key]);
  });
});
