/** What stands in the list: days, groups, one's own, what is new; and that what did not change stays the same object. */
import { describe, expect, it } from "vitest";
import type { Message, RoomRecord } from "../../../src/sdk/types.ts";
import { Drafts } from "../../../src/web/conversation/drafts.ts";
import { needsMarkdown, RichTexts } from "../../../src/web/conversation/rich-text.ts";
import { RowMaker, type RowSource } from "../../../src/web/conversation/rows.ts";

const NOON = new Date(2026, 10, 23, 12).getTime();
const MINUTE = 60_000;

const message = (seq: number, user: string, time: number): Message => ({
  ...{ type: "message", room: "tea", seq, id: `${seq}`, user, text: `text ${seq}`, time, key: `key-${seq}` },
  isRemoved: false,
});

const source = (records: readonly RoomRecord[], more: Partial<RowSource> = {}): RowSource => ({
  ...{ records, isAtStart: false, outgoing: [], me: "alice", unreadAfter: undefined, sentHere: new Set() },
  ...more,
});

describe("the rows of a conversation", () => {
  it("stand together by author and time, and apart by day", () => {
    const rows = new RowMaker().make(
      source([
        message(1, "bob", NOON),
        message(2, "bob", NOON + MINUTE),
        message(3, "alice", NOON + MINUTE),
        message(4, "alice", NOON + 20 * MINUTE),
        message(5, "alice", NOON + 24 * 60 * MINUTE),
      ]),
    );
    expect(rows.map((row) => row.type === "message" && row.startsGroup)).toEqual([true, false, true, true, true]);
    expect(rows.map(({ newDay }) => newDay !== undefined)).toEqual([true, false, false, false, true]);
    expect(rows.map((row) => row.type === "message" && row.isOwn)).toEqual([false, false, true, true, true]);
  });

  it("mark the first message of somebody else that is new, once", () => {
    const records = [
      message(1, "bob", NOON),
      message(2, "alice", NOON),
      message(3, "bob", NOON),
      message(4, "bob", NOON),
    ];
    const rows = new RowMaker().make(source(records, { unreadAfter: 1 }));
    expect(rows.map(({ isFirstUnread }) => isFirstUnread)).toEqual([false, false, true, false]);
  });

  it("are the same objects again where nothing changed", () => {
    const maker = new RowMaker();
    const records = [message(2, "bob", NOON), message(3, "bob", NOON)];
    const before = maker.make(source(records));
    const after = maker.make(source([message(1, "bob", NOON), ...records]));
    expect(after[2]).toBe(before[1]);
    // It is not the first of the day any more, nor of its group.
    expect(after[1]).not.toBe(before[0]);
    expect(after[1]?.key).toBe(before[0]?.key);
  });

  it("leave out what is told at the message that it is about, and show what a newer server knows", () => {
    const change = { type: "change", room: "tea", time: NOON, user: undefined, by: "bob", name: undefined } as const;
    const rows = new RowMaker().make(
      source([
        { ...change, seq: 1, kind: "message_removed", removedSeq: 9 },
        { ...change, seq: 2, kind: "topic_changed", removedSeq: undefined },
      ]),
    );
    expect(rows.map(({ key }) => key)).toEqual(["s2"]);
  });
});

describe("Markdown", () => {
  it("is asked for only by texts that look other with it", () => {
    const plain = [
      "hello",
      "a - b",
      "3 > 2, isn't it?",
      "what? no! yes.",
      "مرحبا",
      "1 of 2",
      "multi\nline",
      "e.g. this (or that)",
    ];
    expect(plain.filter((text) => needsMarkdown(text))).toEqual([]);
    const rich = [
      "*a*",
      "a `b`",
      "https://example.org",
      "# head",
      "> quote",
      "- item",
      "1. item",
      "~~gone~~",
      "a | b",
      "a\n- b",
      "&amp;",
    ];
    expect(rich.filter((text) => !needsMarkdown(text))).toEqual([]);
  });

  it("is loaded with the first text that needs it, once, and what was made is kept", async () => {
    let loads = 0;
    let renders = 0;
    const rich = new RichTexts(async () => {
      loads += 1;
      return (text) => {
        renders += 1;
        return `<p>${text}</p>`;
      };
    });
    expect(rich.of("plain")).toBeUndefined();
    expect(loads).toBe(0);
    expect(rich.of("*a*")).toBeUndefined();
    expect(rich.of("*b*")).toBeUndefined();
    await Promise.resolve();
    await Promise.resolve();
    expect(rich.of("*a*")).toBe("<p>*a*</p>");
    expect(rich.of("*a*")).toBe("<p>*a*</p>");
    expect([loads, renders]).toEqual([1, 1]);
    for (let number = 0; number < 1_000; number++) rich.of(`*${number}*`);
    rich.of("*a*");
    expect(renders).toBe(1_002);
  });
});

describe("drafts", () => {
  it("are one a person and room, and a storage that refuses loses nothing that stands in the field", () => {
    const kept = new Map<string, string>();
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    };
    const alice = new Drafts(storage, "alice");
    alice.save("tea", "I was");
    expect(alice.load("tea")).toBe("I was");
    expect(alice.load("rust")).toBe("");
    expect(new Drafts(storage, "bob").load("tea")).toBe("");
    alice.save("tea", "");
    expect(kept.size).toBe(0);
    const full = {
      ...storage,
      setItem: () => {
        throw new Error("it is full");
      },
    };
    expect(() => new Drafts(full, "alice").save("tea", "text")).not.toThrow();
    expect(new Drafts(undefined, "alice").load("tea")).toBe("");
  });
});
