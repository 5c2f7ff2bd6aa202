/** The terminal client: what becomes of its state by what happens, without a terminal and without a server. */
import { describe, expect, it } from "vitest";
import type { Outgoing } from "../../../src/sdk/types.ts";
import { ITEMS_MAX, READING_ITEMS_MAX } from "../../../src/tui/conversation.ts";
import { windowOf } from "../../../src/tui/reduce.ts";
import { seen } from "../../../src/tui/scroll.ts";
import { message, NOON, Reader, ROOM } from "../../support/tui-state.ts";

const many = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => message(from + index, `message ${from + index}`));

const seqsOf = (reader: Reader): (number | undefined)[] =>
  reader.view.items.filter(({ type }) => type === "message").map(({ seq }) => seq);

const isRow = (from: number, seqs: readonly (number | undefined)[]): boolean =>
  seqs.every((seq, index) => seq === from + index);

/** The texts of messages that are seen. */
const shown = (reader: Reader): string[] =>
  seen(reader.view, windowOf(reader.state, reader.itemRows)).rows.map((row) => row.map(({ text }) => text).join(""));

describe("a conversation", () => {
  it("keeps what was told in its order, and nothing twice", () => {
    const reader = Reader.inRoom();
    reader.told(...many(1, 5));
    reader.told(...many(4, 8));
    expect(seqsOf(reader)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(reader.view.cursor).toBe(8);
  });

  it("keeps only so much of a busy room", () => {
    const reader = Reader.inRoom();
    for (let from = 1; from < 20_000; from += 50) reader.told(...many(from, from + 49));
    expect(reader.view.items.length).toBeLessThanOrEqual(ITEMS_MAX);
    expect(seqsOf(reader).at(-1)).toBe(20_000);
    expect(reader.view.hasOlder).toBe(true);
    reader.happens({ type: "scrolled", rows: -50 });
    const read = shown(reader);
    for (let from = 20_001; from < 40_000; from += 50) reader.told(...many(from, from + 49));
    expect(shown(reader)).toEqual(read);
    expect(reader.view.items.length).toBeLessThanOrEqual(READING_ITEMS_MAX);
    expect(reader.view.below).toBe(20_000);
    reader.happens({ type: "jumped", to: "newest" });
    expect(seqsOf(reader).at(-1)).toBe(40_000);
    expect(isRow(seqsOf(reader)[0] ?? 0, seqsOf(reader))).toBe(true);
  });

  it("meets its newest part again, page by page, without hole or repeat", () => {
    const reader = Reader.inRoom();
    reader.told(...many(1, 100));
    reader.happens({ type: "scrolled", rows: -60 });
    for (let from = 101; from < 12_000; from += 100) reader.told(...many(from, from + 99));
    expect(reader.view.tail).toBeDefined();
    for (let pages = 0; pages < 200 && reader.view.tail !== undefined; pages += 1) {
      const last = seqsOf(reader).at(-1) ?? 0;
      reader.happens({ type: "historyAsked", room: ROOM, direction: "newer" });
      const page = { records: many(last + 1, Math.min(last + 200, 12_000)), more: true };
      reader.happens({ type: "historyCame", room: ROOM, direction: "newer", page });
    }
    expect(reader.view.tail).toBeUndefined();
    expect(seqsOf(reader).at(-1)).toBe(12_000);
    expect(isRow(seqsOf(reader)[0] ?? 0, seqsOf(reader))).toBe(true);
  });

  it("grows at its top while what is seen stays where it is", () => {
    const reader = Reader.inRoom();
    reader.told(...many(101, 150));
    reader.happens({ type: "scrolled", rows: -20 });
    const read = shown(reader);
    reader.happens({
      type: "historyCame",
      room: ROOM,
      direction: "older",
      page: { records: many(51, 100), more: true },
    });
    expect(shown(reader)).toEqual(read);
    expect(isRow(51, seqsOf(reader))).toBe(true);
    // A day's first message has the day above it; there is only one first.
    expect(shown(reader).join("\n")).not.toContain("November");
  });

  it("scrolls through every row, up to the first and back to the last", () => {
    const reader = Reader.inRoom({ columns: 60, rows: 15 });
    reader.told(
      ...many(1, 60).map((record) => ({ ...record, text: `${record.text} ${"word ".repeat(record.seq % 20)}` })),
    );
    const newest = shown(reader);
    for (let page = 0; page < 60; page += 1) reader.types("\u001b[5~");
    expect(shown(reader)[0]).toContain("November");
    expect(shown(reader).length).toBe(windowOf(reader.state, reader.itemRows).rows);
    for (let row = 0; row < 2000 && reader.view.anchor !== undefined; row += 1) reader.types("\u001b[1;2B");
    expect(shown(reader)).toEqual(newest);
  });

  it("loses the text of a message that was removed", () => {
    const reader = Reader.inRoom();
    reader.told(...many(1, 3));
    const change = {
      type: "change",
      room: ROOM,
      seq: 4,
      time: NOON,
      kind: "message_removed",
      user: undefined,
    } as const;
    reader.told({ ...change, by: "alice", removedSeq: 2, name: undefined });
    expect(reader.screen()).toContain("(this message was removed)");
    expect(reader.screen()).not.toContain("message 2");
  });

  it("tells who came and went, many in one notice", () => {
    const reader = Reader.inRoom();
    for (const user of ["ann", "bob", "cat", "dan", "eve", "fay"]) {
      reader.happens({ type: "participated", room: ROOM, user, status: "joined" });
    }
    reader.happens({ type: "participated", room: ROOM, user: "bob", status: "left" });
    const screen = reader.screen();
    expect(screen).toContain("ann, bob, cat, dan and 2 others have joined");
    expect(screen).toContain("bob has left");
  });
});

describe("a lost connection", () => {
  it("is told, and so is coming back, with what came meanwhile", () => {
    const reader = Reader.inRoom();
    reader.told(...many(1, 3));
    reader.happens({ type: "roomStateChanged", room: ROOM, state: { type: "joining" } });
    reader.happens({
      type: "connectionChanged",
      connection: { type: "waiting", attempt: 2, retryAt: NOON + 2500, reason: "gone" },
    });
    expect(reader.screen()).toContain("connection lost");
    expect(reader.screen()).toContain("offline, again in 3 s");
    reader.happens({ type: "connectionChanged", connection: { type: "online", since: NOON } });
    reader.happens({ type: "roomStateChanged", room: ROOM, state: { type: "catching-up" } });
    reader.told(...many(4, 5));
    reader.happens({ type: "roomStateChanged", room: ROOM, state: { type: "live" } });
    expect(reader.screen()).toContain("resumed after #3: 2 messages came meanwhile");
  });

  it("does not promise what retention has removed", () => {
    const reader = Reader.inRoom();
    reader.told(...many(1, 3));
    reader.happens({ type: "roomStateChanged", room: ROOM, state: { type: "joining" } });
    reader.happens({ type: "wasReset", room: ROOM, oldest: 50 });
    reader.told(...many(50, 52));
    reader.happens({ type: "roomStateChanged", room: ROOM, state: { type: "live" } });
    expect(reader.screen()).toContain("goes on from #50");
    expect(reader.screen()).not.toContain("nothing is missing");
  });
});

describe("rooms", () => {
  it("count what is unread, but not what was there before, and not one's own", () => {
    const reader = Reader.inRoom();
    reader.happens({ type: "opened", room: "rust", isLookedAt: false });
    reader.told(message(1, "old", "bob", "rust"));
    reader.happens({ type: "roomStateChanged", room: "rust", state: { type: "live" } });
    expect(reader.state.views.get("rust")?.unread).toBe(0);
    reader.told(message(2, "new", "bob", "rust"), message(3, "mine", "me", "rust"));
    reader.told(message(1, "here"));
    expect(reader.state.views.get("rust")?.unread).toBe(1);
    expect(reader.view.unread).toBe(0);
    expect(reader.screen()).toMatch(/•rust +1 0/);
    reader.types("\u001ba");
    expect(reader.takeEffects()).toEqual([{ type: "open", room: "rust" }]);
    reader.happens({ type: "opened", room: "rust", isLookedAt: true });
    expect(reader.view.unread).toBe(0);
  });

  it("are chosen in the list by arrows and letters, opened and left", () => {
    const reader = Reader.inRoom();
    reader.types("\t\u001b[B\r");
    expect(reader.takeEffects()).toEqual([{ type: "open", room: "rust" }]);
    reader.types("g\u001b[3~");
    expect(reader.takeEffects()).toEqual([{ type: "leave", room: ROOM }]);
    reader.happens({ type: "left", room: ROOM });
    expect(reader.state.current).toBeUndefined();
    expect(reader.screen()).toContain("choose a room");
  });

  it("that are out of sight and unread are counted at the head; a chat that is lost keeps its name", () => {
    const reader = new Reader({ columns: 60, rows: 15 });
    const chat = "0190a1b2-0000-7000-8000-000000000001";
    const rooms = [...Array(20).keys()].map((index) => ({ room: `room-${index}`, description: "" }));
    reader.happens({ type: "signedIn", user: "me", rooms: [...rooms, { room: chat, description: "the plan" }] });
    reader.follow("room-0", true);
    reader.follow(chat, false);
    expect(reader.screen()).toMatch(/^ Rooms +\+10 /);
    reader.told(message(1, "psst", "alice", chat));
    expect(reader.screen()).toMatch(/^ Rooms +•1 \+10 /);
    reader.happens({ type: "opened", room: chat, isLookedAt: true }, { type: "roomRemoved", room: chat });
    expect(reader.screen()).toMatch(/^ Rooms +│ the plan /);
  });

  it("that are chats stand under their names, at the end", () => {
    const reader = Reader.inRoom();
    const room = "0b0e5a4e-8a5e-4a0e-9b0e-0123456789ab";
    reader.happens({ type: "roomAdded", listing: { room, description: "a \u001b[2Jchat" } });
    expect(reader.state.rooms.at(-1)).toMatchObject({ room, title: "a ␛[2Jchat", isChat: true });
    expect(reader.screen()).toContain(" Chats");
    reader.happens({ type: "roomRemoved", room });
    expect(reader.state.rooms.some((entry) => entry.isChat)).toBe(false);
  });
});

describe("writing", () => {
  it("sends with Enter, and brings back with the arrow what was sent and what was begun", () => {
    const reader = Reader.inRoom();
    reader.types("first\r");
    expect(reader.takeEffects()).toEqual([
      { type: "typing", room: ROOM },
      { type: "send", room: ROOM, texts: ["first"] },
    ]);
    reader.types("second\rthi");
    reader.types("\u001b[A\u001b[A");
    expect(reader.view.input.text).toBe("first");
    reader.types("\u001b[B\u001b[B");
    expect(reader.view.input.text).toBe("thi");
    reader.types("   \u0015\r");
    expect(reader.view.input.text).toBe("");
  });

  it("keeps each room's own line", () => {
    const reader = Reader.inRoom();
    reader.types("for general");
    reader.follow("rust", true);
    reader.types("for rust");
    reader.happens({ type: "opened", room: ROOM, isLookedAt: true });
    expect(reader.view.input.text).toBe("for general");
  });

  it("puts a paste of a few lines into the line, and asks about 10,000", () => {
    const reader = Reader.inRoom();
    reader.types("\u001b[200~two\rlines\u001b[201~");
    expect(reader.view.input.text).toBe("two\nlines");
    expect(reader.screen()).toContain("> two⏎lines");
    reader.types(`\u001b[200~${"a line of text\r".repeat(10_000)}\u001b[201~`);
    expect(reader.screen()).toContain("You pasted 10,000 lines");
    reader.takeEffects();
    reader.types("x\u001b");
    expect(reader.state.paste).toBeUndefined();
    expect(reader.takeEffects()).toEqual([]);
    reader.types(`\u001b[200~${"a line of text\r".repeat(10_000)}\u001b[201~\r`);
    const [sent] = reader.takeEffects();
    expect(sent?.type === "send" && sent.texts.join("\n").split("\n").length).toBe(10_000);
    expect(reader.view.input.text).toBe("two\nlines");
  });

  it("says when a message is as long as it may be", () => {
    const reader = Reader.inRoom();
    reader.presses({ type: "text", text: "x".repeat(16 * 1024) });
    reader.presses({ type: "text", text: "y" });
    expect(reader.view.input.text).toHaveLength(16 * 1024);
    expect(reader.screen()).toContain("16 KiB");
  });

  it("shows what is on its way and what was refused, until it is told or let go", () => {
    const reader = Reader.inRoom();
    const waiting: Outgoing = { room: ROOM, key: "k", text: "on its way", state: { type: "sending" } };
    const failed: Outgoing = {
      ...waiting,
      key: "l",
      text: "no",
      state: { type: "failed", code: "banned", text: "not \u001b[31mhere" },
    };
    reader.happens({ type: "outgoingChanged", room: ROOM, outgoing: [waiting, failed] });
    expect(reader.screen()).toContain("…     me on its way");
    expect(reader.screen()).toContain("not sent: not ␛[31mhere");
    reader.types("\u0012\u0018");
    expect(reader.takeEffects()).toEqual([
      { type: "retryFailed", room: ROOM },
      { type: "discardFailed", room: ROOM },
    ]);
  });
});

describe("the page where one connects", () => {
  it("has the address filled in, a field for a token that is not shown, and says what went wrong", () => {
    const reader = new Reader();
    expect(reader.screen()).toContain("localhost:8080");
    reader.types("\u0015chat.example:9000\tsecret");
    expect(reader.screen()).toContain("chat.example:9000");
    expect(reader.screen()).not.toContain("secret");
    expect(reader.screen()).toContain("••••••");
    reader.types("\u001b[200~whole-token\n\u001b[201~\r");
    expect(reader.takeEffects()).toEqual([{ type: "connect", server: "chat.example:9000", token: "whole-token" }]);
    reader.happens({ type: "connecting", server: "chat.example:9000" });
    expect(reader.screen()).toContain("connecting to chat.example:9000");
    reader.happens({ type: "connectFailed", problem: "can't be reached: \u001b[31mno" });
    expect(reader.screen()).toContain("can't be reached: ␛[31mno");
  });
});

describe("the screen", () => {
  const sizes = [
    { columns: 60, rows: 15 },
    { columns: 80, rows: 24 },
    { columns: 100, rows: 30 },
  ];

  it.each(sizes)("fits $columns×$rows, with colour and without", (size) => {
    const reader = Reader.inRoom(size);
    reader.happens({
      type: "presenceChanged",
      room: ROOM,
      presence: { users: ["me", "日本語", "👩‍👩‍👧", "x".repeat(64)], count: 4 },
    });
    reader.told(
      ...many(1, 30),
      message(31, "wide 日本語テキスト 👩‍👩‍👧 ❤️ 🇩🇪 ".repeat(5)),
      message(32, "\u001b[2J\u001b]0;x\u0007".repeat(20)),
    );
    reader.happens({ type: "roundTripTaken", ms: 1.2 });
    for (const overlay of [undefined, "help", "people"] as const) {
      reader.happens({ type: "overlayChanged", overlay });
      for (const drawn of [reader.drawn(true), reader.drawn(false)]) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: nothing but styles.
        expect(drawn).not.toMatch(/\u001b(?!\[[0-9;]*m)/);
        const lines = reader.screen().split("\n");
        expect(lines.length).toBeLessThanOrEqual(size.rows);
        // Ink counts as we do; a row that is too wide would have been broken by the terminal.
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(size.columns + 40);
      }
    }
    expect(reader.screen()).toContain("^G help");
  });

  it.each(["x", "\r", "\u001b", "日"])("comes back from the keys with any key: %j", (key) => {
    const reader = Reader.inRoom();
    reader.types("\u0007");
    expect(reader.screen()).toContain("any key goes back");
    reader.types(key);
    expect(reader.screen()).not.toContain("any key goes back");
  });

  it("cuts off no word of what it says, nor a key, in the smallest terminal", () => {
    const reader = new Reader({ columns: 60, rows: 15 });
    const description = "The front porch: say hello, ask anything, stay a while.";
    reader.happens({ type: "connectionChanged", connection: { type: "online", since: NOON } });
    reader.happens({ type: "signedIn", user: "me", rooms: [{ room: ROOM, description }] });
    reader.happens({ type: "roundTripTaken", ms: 1234 });
    expect(reader.screen()).not.toContain("…");
    expect(reader.screen()).toMatch(/\^C quit *$/);
    reader.follow(ROOM, true);
    reader.types("\t");
    expect(reader.screen()).toMatch(/Tab back.*\^C quit *$/);
    const text = "too long for a server that was set up to take no more than a few words";
    const refused: Outgoing = {
      room: ROOM,
      key: "k",
      text: "x",
      state: { type: "failed", code: "message_too_long", text },
    };
    reader.happens({ type: "outgoingChanged", room: ROOM, outgoing: [refused] });
    expect(reader.screen()).toContain("^X let go");
  });

  it("has no colours where none are wanted", () => {
    const reader = Reader.inRoom();
    reader.told(...many(1, 3));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are escape sequences.
    const colours = /\u001b\[(3[0-8]|4[0-8]|9[0-7]|10[0-7])/;
    expect(reader.drawn(true)).toMatch(colours);
    expect(reader.drawn(false)).not.toMatch(colours);
  });

  it("says that it is too small, and is as it was afterwards", () => {
    const reader = Reader.inRoom();
    reader.told(...many(1, 30));
    const before = reader.screen();
    reader.happens({ type: "resized", size: { columns: 40, rows: 8 } });
    expect(reader.screen()).toContain("60×15 is needed");
    reader.types("lost");
    reader.happens({ type: "resized", size: { columns: 80, rows: 24 } });
    expect(reader.screen()).toBe(before);
  });
});
