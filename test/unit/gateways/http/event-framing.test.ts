/** Server-sent events: each record with its seq, byte for byte. */
import { describe, expect, it } from "vitest";
import type { EventRun } from "../../../../src/server/fanout/event-run.ts";
import { EventFraming } from "../../../../src/server/gateways/http/event-framing.ts";

const run = (first: number, ...events: readonly string[]): EventRun => ({
  first,
  last: first + events.length - 1,
  lines: Buffer.from(events.map((event) => `${event}\r\n`).join("")),
  messagesOnly: true,
});

const show = (frames: Uint8Array): string => Buffer.from(frames).toString();

describe("server-sent events", () => {
  const framing = new EventFraming();

  it("number the records of a run", () => {
    expect(show(framing.run(run(7, '{"a":1}', '{"c":"ä🙂"}', '{"d":2}'), true))).toBe(
      'id: 7\ndata: {"a":1}\n\nid: 8\ndata: {"c":"ä🙂"}\n\nid: 9\ndata: {"d":2}\n\n',
    );
  });

  it("give no id to what has no seq", () => {
    expect(show(framing.event('{"_et":"error"}'))).toBe('data: {"_et":"error"}\n\n');
  });

  it("stay one event where JSON has line ends between its tokens", () => {
    expect(show(framing.run(run(1, '{"a":\r1,\n"b":2}'), true))).toBe('id: 1\ndata: {"a": 1, "b":2}\n\n');
    expect(show(framing.event('{"a":\r\n1}'))).toBe('data: {"a": 1}\n\n');
  });

  it("FAN-3 of one run are made once, however many hear them", () => {
    const shared = run(1, '{"a":1}');
    const first = framing.run(shared, true);
    expect(framing.run(shared, true)).toBe(first);
    expect(framing.run(run(1, '{"a":1}'), true)).not.toBe(first);
  });
});
