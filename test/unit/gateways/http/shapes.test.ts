/** What goes out: the JSON that is written is what the schema says, key by key, so documentation can be trusted. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import * as shapes from "../../../../src/server/gateways/http/shapes.ts";

const id = fc.uuid();
const time = fc.integer({ min: 0, max: 4_102_444_800_000 });
const name = fc.string({ unit: "grapheme" });
const seq = fc.nat();
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const account = fc.record({ id, name, isAdmin: fc.boolean(), createdAt: time, updatedAt: time });
const message = fc.record({
  ...{ id, room: id, seq, n: seq, sender: id, senderName: name, time, content: name },
  ...{ key: maybe(name), removed: fc.boolean() },
});
const chat = fc.record({
  ...{ id, name, isDirect: fc.boolean(), owner: maybe(id), members: fc.array(id), createdAt: time },
});
const summary = fc
  .tuple(chat, fc.record({ last: maybe(message), lastSeq: seq, unread: seq }))
  .map(([one, more]) => ({ ...one, ...more }));

/** Writes values and checks each against its schema: the same keys in the same order, nothing more. */
function holds<T>(values: fc.Arbitrary<T>, write: (value: T) => string, shape: z.ZodType): void {
  fc.assert(
    fc.property(values, (value) => {
      const written: unknown = JSON.parse(write(value));
      expect(shape.parse(written)).toEqual(written);
      if (shape instanceof z.ZodObject) {
        const keys = Object.keys(written as object);
        expect(keys).toEqual(Object.keys(shape.shape).filter((key) => keys.includes(key)));
      }
    }),
  );
}

describe("JSON that goes out", () => {
  it.each([
    ["a user", () => holds(account, shapes.userJson, shapes.userShape)],
    ["oneself", () => holds(account, (one) => shapes.meJson(one, true), shapes.meShape)],
    ["a chat", () => holds(chat, shapes.chatJson, shapes.chatShape)],
    ["a message", () => holds(message, shapes.messageJson, shapes.messageShape)],
    ["messages", () => holds(fc.array(message), shapes.messagesJson, z.array(shapes.messageShape))],
    ["a posted message", () => holds(message, shapes.postedJson, shapes.postedShape)],
    ["one's chats", () => holds(fc.array(summary), shapes.summariesJson, z.array(shapes.summaryShape))],
    [
      "a public room",
      () => holds(fc.record({ id, name, description: name, lastSeq: seq }), shapes.roomJson, shapes.roomShape),
    ],
    [
      "a ban",
      () =>
        holds(
          fc.record({ room: id, type: fc.constantFrom("user", "address"), subject: name, until: time, by: id }),
          shapes.banJson,
          shapes.banShape,
        ),
    ],
    [
      "a token",
      () =>
        holds(
          fc.record({ id, user: id, label: name, createdAt: time, expiresAt: maybe(time) }),
          shapes.tokenJson,
          shapes.tokenShape,
        ),
    ],
  ] as const)("%s is as its schema says", (_, test) => test());
});
