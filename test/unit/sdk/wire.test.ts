/** The SDK reads what the protocol writes, and writes what it reads. */
import { describe, expect, it } from "vitest";
import { decodeCommand } from "../../../src/protocol/decode-command.ts";
import * as events from "../../../src/protocol/events.ts";
import { decode, encode } from "../../../src/sdk/wire.ts";

const ROOM = '"rust"';
const TIME = "2026-11-23T01:26:10.196Z";
const time = Date.parse(TIME);

describe("an event", () => {
  const heard: Readonly<Record<string, readonly [string, object]>> = {
    login_successful: [
      events.loginSuccessful("s1", "ann", events.roomListings([{ name: "rust", description: "crabs" }])),
      { type: "greeting", session: "s1", user: "ann", rooms: [{ room: "rust", description: "crabs" }] },
    ],
    user_message: [
      `${events.messageHead(ROOM, '"ann"')}"hé \\"q\\""${events.messageTail("i1", 3, TIME, '"k1"')}`,
      {
        ...{ type: "record", room: "rust" },
        record: {
          ...{ type: "message", room: "rust", seq: 3, time, id: "i1", user: "ann", text: 'hé "q"', key: "k1" },
          isRemoved: false,
        },
      },
    ],
    "user_message without text": [
      `${events.messageHead(ROOM, '"ann"')}""${events.messageTail("i1", 3, TIME, undefined).slice(0, -1)}${events.REMOVED_TAIL}`,
      {
        ...{ type: "record", room: "rust" },
        record: {
          ...{ type: "message", room: "rust", seq: 3, time, id: "i1", user: "ann", text: "", key: undefined },
          isRemoved: true,
        },
      },
    ],
    "room_change of a member": [
      events.roomChange(ROOM, 4, TIME, "member_added", "bob", "ann", undefined),
      {
        ...{ type: "record", room: "rust" },
        record: {
          ...{ type: "change", room: "rust", seq: 4, time, kind: "member_added", user: "bob", by: "ann" },
          ...{ removedSeq: undefined, name: undefined },
        },
      },
    ],
    "room_change of a message": [
      events.roomChange(ROOM, 5, TIME, "message_removed", undefined, "ann", '{"i":"i1","q":3}'),
      { type: "record", room: "rust", record: expect.objectContaining({ kind: "message_removed", removedSeq: 3 }) },
    ],
    "room_change of a name": [
      events.roomChange(ROOM, 1, TIME, "room_created", undefined, "ann", '{"name":"Tea"}'),
      { type: "record", room: "rust", record: expect.objectContaining({ kind: "room_created", name: "Tea" }) },
    ],
    user_joined_room: [
      events.userJoinedRoom(ROOM, '["ann","bob"]'),
      { type: "present", room: "rust", users: ["ann", "bob"] },
    ],
    room_participation: [
      events.roomParticipation(ROOM, "bob", "left"),
      { type: "participation", room: "rust", user: "bob", status: "left" },
    ],
    presence_count: [events.presenceCount(ROOM, 1200), { type: "count", room: "rust", count: 1200 }],
    room_added: [events.roomAdded(ROOM, "Tea"), { type: "added", room: "rust", description: "Tea" }],
    room_removed: [events.roomRemoved(ROOM), { type: "removed", room: "rust" }],
    caught_up: [events.caughtUp(ROOM, 7), { type: "caughtUp", room: "rust", seq: 7 }],
    reset: [events.reset(ROOM, 9), { type: "reset", room: "rust", oldest: 9 }],
    ack: [events.ack("k1", "i1", 3), { type: "ack", key: "k1", id: "i1", seq: 3 }],
    history: [
      events.history(ROOM, events.roomChange(ROOM, 4, TIME, "member_added", "bob", "ann", undefined), true),
      { type: "history", room: "rust", more: true, records: [expect.objectContaining({ seq: 4, user: "bob" })] },
    ],
    typing: [events.typing(ROOM, "bob"), { type: "typing", room: "rust", user: "bob" }],
    error: [
      events.error("key_reused", "another text", "rust", "k1"),
      { type: "error", code: "key_reused", text: "another text", room: "rust", key: "k1" },
    ],
  };

  it.each(Object.entries(heard))("%s is understood", (_name, [text, event]) => {
    expect(decode(text)).toEqual(event);
  });

  it("that is unknown, or broken, is passed over", () => {
    const broken = [
      ...["", "{", "null", "7", "[]", "{}", '{"_et":"from the future","r":"rust"}', '{"_et":7,"r":"rust"}'],
      ...['{"_et":"user_message","r":"rust","q":"3"}', '{"_et":"history","r":"rust","ms":{}}', '{"_et":"caught_up"}'],
      ...['{"_et":"caught_up","r":"rust","q":1.5}', '{"_et":"login_successful","s":"s","u":"u"}'],
    ];
    expect(broken.map(decode)).toEqual(broken.map(() => undefined));
  });
});

describe("a command", () => {
  it("is what the server reads, and what is not given is left out", () => {
    const commands = [
      encode({ _ct: "hello", v: 1, t: undefined, s: "s1" }),
      encode({ _ct: "join_room", r: "rust", after: 7 }),
      encode({ _ct: "send_message", r: "rust", c: 'hé "q"', k: "k1" }),
      encode({ _ct: "history", r: "rust", before: 7, limit: 10 }),
    ];
    expect(commands.map(decodeCommand)).toMatchObject([
      { type: "hello", token: undefined, session: "s1" },
      { type: "join_room", room: "rust", after: 7, last: undefined },
      { type: "send_message", body: '"hé \\"q\\""', key: "k1" },
      { type: "history", before: 7, after: undefined, limit: 10 },
    ]);
    expect(commands[0]).not.toContain('"t"');
  });
});
