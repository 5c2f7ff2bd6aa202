/**
 * Events are written by hand, for the order of their keys; each parses back to what went in, whatever that was.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ErrorName } from "../../../src/protocol/error-codes.ts";
import { ERROR_CODES } from "../../../src/protocol/error-codes.ts";
import * as events from "../../../src/protocol/events.ts";
import { LINE_END, looksLikeHttp } from "../../../src/protocol/framing.ts";
import { EventEncoder, isMessageEvent } from "../../../src/server/fanout/event-encoder.ts";
import { anyRecord } from "../../support/log-records.ts";

const text = fc.string({ unit: "binary", maxLength: 64 });
const count = fc.nat(Number.MAX_SAFE_INTEGER);
const json = (value: unknown): string => JSON.stringify(value);

/** Holds an event against what it should say, keys in their order, on one line. */
function expectEvent(event: string, says: Readonly<Record<string, unknown>>): void {
  expect(json(JSON.parse(event))).toBe(json(says));
  expect(event).not.toMatch(/[\r\n]/);
}

describe("events", () => {
  it("WIRE-1 parse back to what went in, keys in their order, each on one line", () => {
    fc.assert(
      fc.property(text, text, text, count, (room, user, key, n) => {
        const listings = [{ name: room, description: user }];
        expectEvent(events.loginSuccessful(key, user, events.roomListings(listings)), {
          ...{ _et: "login_successful", s: key, u: user, rs: [{ n: room, d: user }], v: 1 },
        });
        const us = [user, key];
        expectEvent(events.userJoinedRoom(json(room), json(us)), { _et: "user_joined_room", r: room, us });
        for (const s of ["joined", "left"] as const) {
          const event = events.roomParticipation(json(room), user, s);
          expectEvent(event, { _et: "room_participation", r: room, u: user, s });
        }
        expectEvent(events.presenceCount(json(room), n), { _et: "presence_count", r: room, us: n });
        expectEvent(events.caughtUp(json(room), n), { _et: "caught_up", r: room, q: n });
        expectEvent(events.reset(json(room), n), { _et: "reset", r: room, oldest: n });
        expectEvent(events.ack(key, "id", n), { _et: "ack", k: key, i: "id", q: n });
        expectEvent(events.typing(json(room), user), { _et: "typing", r: room, u: user });
        const ms = [{ q: n }, { c: user }];
        const page = events.history(json(room), ms.map(json).join(","), n % 2 === 0);
        expectEvent(page, { _et: "history", r: room, ms, more: n % 2 === 0 });
        expectEvent(events.history(json(room), "", false), { _et: "history", r: room, ms: [], more: false });
        const change = events.roomChange(json(room), n, "now", key, user, user, json({ any: key }));
        expectEvent(change, {
          _et: "room_change",
          r: room,
          q: n,
          t: "now",
          e: key,
          u: user,
          by: user,
          d: { any: key },
        });
        const bare = events.roomChange(json(room), n, "now", key, undefined, user, undefined);
        expectEvent(bare, { _et: "room_change", r: room, q: n, t: "now", e: key, by: user });
      }),
    );
  });

  it("WIRE-7 of errors leave out room and key where they are not known", () => {
    fc.assert(
      fc.property(fc.constantFrom(...(Object.keys(ERROR_CODES) as ErrorName[])), text, text, (code, m, name) => {
        expectEvent(events.error(code, m, name, name), { _et: "error", code, m, r: name, k: name });
        expectEvent(events.error(code, m, undefined, undefined), { _et: "error", code, m });
      }),
    );
  });

  it("WIRE-5 PROJ-6 of records say all that the record does, whatever is in it", () => {
    const encoder = new EventEncoder();
    fc.assert(
      fc.property(anyRecord, text, count, (record, room, seq) => {
        const message = { ...record, kind: "message", body: json(record.body) };
        const event = encoder.encode(json(room), { record: message, seq, n: seq, position: 0 });
        const t = new Date(record.time).toISOString();
        const known = { _et: "user_message", r: room, u: record.senderName, c: record.body, i: record.id, q: seq, t };
        expectEvent(event, record.key === undefined ? known : { ...known, k: record.key });
        expect(isMessageEvent(event)).toBe(true);
        const other = { ...record, kind: "something newer", body: json({ text: record.body }) };
        const change = encoder.encode(json(room), { record: other, seq, n: seq, position: 0 });
        const d = { text: record.body };
        expectEvent(change, {
          ...{ _et: "room_change", r: room, q: seq, t, e: "something newer", by: record.senderName, d },
        });
        expect(isMessageEvent(change)).toBe(false);
      }),
    );
  });
});

describe("framing", () => {
  it("WIRE-1 ends lines with \\r\\n", () => {
    expect(LINE_END).toBe("\r\n");
  });

  it("WIRE-9 knows a browser by its first line", () => {
    for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]) {
      expect(looksLikeHttp(`${method} / HTTP/1.1`)).toBe(true);
    }
    expect(looksLikeHttp("PRI * HTTP/2.0")).toBe(true);
    for (const line of ['{"_ct":"quit"}', "", "POST", "GETTING ready", " GET /", "get /"]) {
      expect(looksLikeHttp(line)).toBe(false);
    }
  });
});
