/** The web client's list: what becomes of a chat in it as records, lists and looks come in. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Message, RoomChange, RoomRecord } from "../../../src/sdk/types.ts";
import {
  byActivity,
  directTitle,
  type Entry,
  fromListed,
  inOrder,
  isWorthTelling,
  matching,
  mentions,
  neighbour,
  totalUnread,
  withRecord,
  worthFollowing,
} from "../../../src/web/model/entry.ts";
import { entryOfChat, entryOfPublic } from "../../../src/web/model/listed.ts";

const ME = "Alice";

const LISTED = {
  ...({ room: "r", kind: "chat", title: "Tea", members: [], owner: undefined, last: undefined, createdAt: 5 } as const),
  ...{ lastSeq: 3, unread: 0 },
};

const message = (seq: number, user: string, text = `text ${seq}`): Message => ({
  ...{ type: "message", room: "r", seq, id: `id-${seq}`, user, text, time: seq * 1000, key: undefined },
  isRemoved: false,
});

const change = (seq: number, fields: Partial<RoomChange>): RoomChange => ({
  ...{ type: "change", room: "r", seq, time: seq, kind: "member_added", user: undefined, by: "Bob" },
  ...{ removedSeq: undefined, name: undefined, ...fields },
});

const tell = (entry: Entry, records: readonly RoomRecord[], isSeen = false): Entry =>
  records.reduce((before, record) => withRecord(before, record, ME, isSeen), entry);

const named = (title: string, activeAt = 0): Entry => ({
  ...fromListed({ ...LISTED, room: title, title }, undefined),
  activeAt,
});

describe("an entry", () => {
  const entry = fromListed(LISTED, undefined);

  it("counts what others say unseen, and is read by what one says oneself or looks at", () => {
    const told = tell(entry, [message(4, "Bob"), message(5, "Bob")]);
    expect(told).toMatchObject({ unread: 2, lastSeq: 5, activeAt: 5000, last: { user: "Bob", text: "text 5" } });
    expect(tell(told, [message(6, ME)]).unread).toBe(0);
    expect(tell(told, [message(6, "Bob")], true).unread).toBe(0);
  });

  it("counts each message once, whatever is told again", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30 })), (seqs) => {
        const told = tell(
          entry,
          seqs.map((seq) => message(seq, "Bob")),
        );
        const ascending = seqs.reduce((newest, seq) => Math.max(newest, seq), LISTED.lastSeq);
        expect(told.lastSeq).toBe(ascending);
        expect(told.unread).toBeLessThanOrEqual(new Set(seqs.filter((seq) => seq > LISTED.lastSeq)).size);
        expect(
          tell(
            told,
            seqs.map((seq) => message(seq, "Bob")),
          ),
        ).toEqual(told);
      }),
    );
  });

  it("blanks its last words where they are taken away, and keeps them where others are", () => {
    const told = tell(entry, [message(4, "Bob"), message(5, "Bob", "oops")]);
    expect(tell(told, [change(6, { kind: "message_removed", removedSeq: 4 })]).last?.text).toBe("oops");
    const blanked = tell(told, [change(6, { kind: "message_removed", removedSeq: 5 })]);
    expect(blanked).toMatchObject({ lastSeq: 6, unread: 2, last: { text: "", isRemoved: true } });
  });

  it("does not count those who come and go, and takes the name that is told", () => {
    const told = tell(entry, [change(4, {}), change(5, { kind: "room_created", name: "Coffee" })]);
    expect(told).toMatchObject({ unread: 0, lastSeq: 5, title: "Coffee", last: undefined });
  });

  it("is not set back by a list that is older than what was told", () => {
    const told = tell(entry, [message(4, "Bob"), message(5, "Bob")]);
    expect(fromListed({ ...LISTED, unread: 9, title: "Cocoa" }, told)).toMatchObject({
      ...{ title: "Cocoa", unread: 2, lastSeq: 5 },
    });
    expect(fromListed({ ...LISTED, lastSeq: 7, unread: 0 }, told)).toMatchObject({ unread: 0, lastSeq: 7 });
  });
});

describe("what the server lists", () => {
  const chat = { id: "c", name: "Alice, Bob", members: ["a", "b"], createdAt: 1, ownerId: "a", isDirect: true };

  it("is a chat under the name of the other, where there are two", () => {
    const last = message(2, "Bob", "hi");
    const entry = entryOfChat({ ...chat, lastSeq: 2, unread: 1, lastMessage: last }, undefined, ME);
    expect(entry).toMatchObject({ room: "c", place: "c", kind: "direct", title: "Bob", unread: 1, activeAt: 2000 });
    expect(
      entryOfChat({ ...chat, isDirect: false, lastSeq: 1, unread: 0, lastMessage: undefined }, entry, ME),
    ).toMatchObject({ kind: "chat", title: "Alice, Bob", lastSeq: 2, activeAt: 2000 });
  });

  it("is a room that one looks into by choice, and that stays as it is known", () => {
    const room = { id: "i", name: "a/b", description: "A or b.", lastSeq: 9 };
    const fresh = entryOfPublic(room, undefined, false);
    expect(fresh).toMatchObject({ room: "a/b", place: "i", isFollowed: false, lastSeq: 0, unread: 0 });
    const followed = { ...fresh, isFollowed: true, unread: 3, lastSeq: 9 };
    expect(entryOfPublic({ ...room, description: "New." }, followed, false)).toMatchObject({
      ...{ isFollowed: true, unread: 3, description: "New." },
    });
  });

  it.each([
    ["Alice, Bob", "Bob"],
    ["Bob, Alice", "Bob"],
    ["Bob, Jr., Alice", "Bob, Jr."],
    ["Alice", "Alice"],
  ])("calls %j, to Alice, %j", (name, title) => {
    expect(directTitle(name, ME)).toBe(title);
  });
});

describe("a list", () => {
  const list = [named("Old", 1), named("new tea", 9), named("tea", 5), named("instead", 3)];
  const titles = (entries: readonly Entry[]): readonly string[] => entries.map(({ title }) => title);

  it("has what happened last first, and counts all that waits", () => {
    expect(titles(byActivity(list))).toEqual(["new tea", "tea", "instead", "Old"]);
    expect(totalUnread(list.map((entry, index) => ({ ...entry, unread: index })))).toBe(6);
  });

  it("is searched by the beginning, then by the beginning of a word, then by any part", () => {
    expect(titles(matching(list, "TEA"))).toEqual(["tea", "new tea", "instead"]);
    expect(matching(list, " ")).toBe(list);
    expect(matching(list, "coffee")).toEqual([]);
  });

  it("is walked around its ends", () => {
    expect(neighbour(list, "Old", -1)?.title).toBe("instead");
    expect(neighbour(list, "instead", 1)?.title).toBe("Old");
    expect(neighbour(list, undefined, 1)?.title).toBe("Old");
    expect(neighbour(list, undefined, -1)?.title).toBe("instead");
    expect(neighbour([], undefined, 1)).toBeUndefined();
  });
});

describe("the list, while one points at it,", () => {
  it("keeps its order, with what is new before the rest", () => {
    const [a, b, c] = [named("a", 3), named("b", 2), named("c", 1)];
    const held = new Map([a, b].map(({ room }, index) => [room, index]));
    expect(inOrder([c, b, a], held)).toEqual([c, a, b]);
    expect(inOrder([c, b, a], undefined)).toEqual([c, b, a]);
  });
});

describe("of more chats than can be followed", () => {
  it("the open one, the public rooms and those in which something happened last are", () => {
    const chats = Array.from({ length: 1_000 }, (_, number) => named(`chat ${number}`, number));
    const room: Entry = { ...named("rust"), kind: "public" };
    const best = worthFollowing([...chats, room], "chat 3", 190).map(({ title }) => title);
    expect(best).toHaveLength(190);
    expect(best.slice(0, 4)).toEqual(["chat 3", "rust", "chat 999", "chat 998"]);
  });
});

describe("a message that nobody looked at", () => {
  it.each([
    ["hello @alice!", true],
    ["@Alice", true],
    ["(@ALICE, have a look)", true],
    ["@alicent @Alice", true],
    ["@Alicent", false],
    ["@Alice2 and @Alice_", false],
    ["@Alice\u0301", false],
    ["Alice", false],
    ["", false],
  ])("%j calls Alice: %s", (text, isCalled) => {
    expect(mentions(text, ME)).toBe(isCalled);
  });

  it("is told of in every chat, and in a public room where it calls one", () => {
    const chat = named("Tea");
    const room: Entry = { ...chat, kind: "public" };
    expect(isWorthTelling(chat, "hello", ME)).toBe(true);
    expect(isWorthTelling(room, "hello", ME)).toBe(false);
    expect(isWorthTelling(room, "hello @Alice", ME)).toBe(true);
  });
});
