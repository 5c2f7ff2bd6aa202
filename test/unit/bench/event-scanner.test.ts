/** The scanner reads the same out of any chunking and any layout of the wire, the short way and the long way alike. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SharedReadBuffer } from "../../../src/bench/bench-socket.ts";
import { EventScanner } from "../../../src/bench/event-scanner.ts";
import type { EventSink, ScanPlan } from "../../../src/bench/event-sink.ts";
import { MessageTemplate, messageKey, messageText } from "../../../src/bench/message-layout.ts";

const plan: ScanPlan = {
  run: "ab12",
  textBytes: 64,
  rooms: ["general", 'odd "ö"'],
  streamRooms: Int32Array.from([0, 1, 0]),
  anyLayout: false,
};
const id = "0190a0b0-1111-7222-8333-444455556666";
const time = "2026-01-01T00:00:00.000Z";

/** Feeds bytes in pieces and returns what was told, one line each. */
function scanned(bytes: Buffer, cuts: readonly number[]): readonly string[] {
  const told: string[] = [];
  const sink: EventSink = {
    ownMessage: (stream, number, micros, seq) => told.push(`own ${stream} ${number} ${micros} ${seq}`),
    otherMessage: (room, seq) => told.push(`other ${room} ${seq}`),
    acknowledged: (stream, number) => told.push(`ack ${stream} ${number}`),
    event: (type) => told.push(`event ${type}`),
    malformed: (line) => told.push(`malformed ${line.trim()}`),
  };
  const scanner = new EventScanner(plan, sink, "lines");
  const shared = new SharedReadBuffer();
  let carry: Buffer | undefined;
  const ends = [...new Set([...cuts, bytes.length])].filter((cut) => cut <= bytes.length).sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    const count = bytes.copy(shared.target, 0, from, end);
    carry = shared.take(carry, count, (target, first, last) => scanner.scan(target, first, last));
    from = end;
  }
  expect(carry).toBeUndefined();
  return told;
}

/** One message event as text, in the layouts that servers use. */
function event(layout: string, stream: number, number: number, seq: number): string {
  const room = JSON.stringify(plan.rooms[plan.streamRooms[stream] as number]);
  const message = { stream, number, micros: 7 * number };
  const text = messageText(plan.run, message, plan.textBytes);
  const head = `{"_et":"user_message","r":${room},"u":"71OU8","c":"${text}"`;
  const key = `,"k":"${messageKey(plan.run, message)}"`;
  if (layout === "as it is") return `${head}}\r\n`;
  if (layout === "bare newline") return `${head}}\n`;
  if (layout === "added") return `${head},"i":"${id}","q":${seq},"t":"${time}"}\r\n`;
  if (layout === "with key") return `${head},"i":"${id}","q":${seq},"t":"${time}"${key}}\r\n`;
  return `{"q":${seq},"c":"${text}","later":{"x":[1]},"u":"ü","r":${room},"_et":"user_message"}\r\n`;
}

describe("event scanner", () => {
  it("reads messages of every layout in any chunks", () => {
    const layouts = fc.constantFrom("as it is", "bare newline", "added", "with key", "another order");
    const message = fc.record({
      layout: layouts,
      stream: fc.nat(2),
      number: fc.integer({ min: 1, max: 999_999_999 }),
      seq: fc.integer({ min: 1, max: 2 ** 40 }),
    });
    const input = fc.record({ messages: fc.array(message, { maxLength: 12 }), cuts: fc.array(fc.nat(3000)) });
    fc.assert(
      fc.property(input, ({ messages, cuts }) => {
        const bytes = Buffer.from(messages.map((m) => event(m.layout, m.stream, m.number, m.seq)).join(""));
        const without = ["as it is", "bare newline"];
        const expected = messages.map(
          (m) => `own ${m.stream} ${m.number} ${7 * m.number} ${without.includes(m.layout) ? 0 : m.seq}`,
        );
        expect(scanned(bytes, cuts)).toEqual(expected);
      }),
    );
  });

  it("reads what a template of ours says", () => {
    const template = new MessageTemplate(plan.run, "general", 2, plan.textBytes, true);
    const target = new Uint8Array(template.lineBytes * 2);
    template.write(target, template.write(target, 0, 41, 5), 42, 6);
    const [first, second] = Buffer.from(target).toString().split("\n");
    const key = (number: number) => messageKey(plan.run, { stream: 2, number, micros: 0 });
    const text = (number: number, micros: number) => messageText(plan.run, { stream: 2, number, micros }, 64);
    expect(JSON.parse(first ?? "")).toEqual({ _ct: "send_message", r: "general", c: text(41, 5), k: key(41) });
    expect(JSON.parse(second ?? "")).toEqual({ _ct: "send_message", r: "general", c: text(42, 6), k: key(42) });
    expect(text(41, 5)).toHaveLength(64);
  });

  it("reads acknowledgements, other events and messages of others", () => {
    const lines = [
      '{"_et":"login_successful","s":"x","u":"y","rs":[]}',
      `{"_et":"ack","k":"${messageKey(plan.run, { stream: 1, number: 9, micros: 0 })}","i":"${id}","q":12}`,
      '{"_et":"ack","k":"somebody else\'s","i":"x","q":1}',
      '{"_et":"room_participation","r":"general","u":"71OU8","s":"joined"}',
      '{"_et":"user_message","r":"general","u":"71OU8","c":"hi"}',
      '{"_et":"user_message","r":"general","u":"71OU8","c":"hi","i":"x","q":5,"t":"y"}',
    ];
    const bytes = Buffer.from(`${lines.join("\r\n")}\r\n`);
    const expected = ["event login_successful", "ack 1 9", "event ack", "other general 0", "other general 5"];
    for (let cut = 0; cut <= bytes.length; cut++) expect(scanned(bytes, [cut])).toEqual(expected);
  });

  it("tells what is no event, what was changed and what came to another room", () => {
    const good = event("added", 0, 5, 1);
    expect(scanned(Buffer.from("not json\n[]\n{}\n"), [])).toEqual([
      "malformed not json",
      "malformed []",
      "malformed {}",
    ]);
    const changed = scanned(Buffer.from(good.replace("general", 'odd \\"ö\\"')), []);
    expect(changed).toEqual([expect.stringContaining("malformed")]);
    const shortened = scanned(Buffer.from(good.replace("abcdef", "abcde")), []);
    expect(shortened).toEqual([expect.stringContaining("malformed")]);
  });

  it("holds the short way against the long way: a padding that changed is found in the sample", () => {
    const good = event("added", 0, 5, 1);
    const lines = good.replace("abcdef", "abcdeX").repeat(5000);
    expect(scanned(Buffer.from(lines), [100_000, 300_000, 500_000, 700_000, 900_000])).toContainEqual(
      expect.stringContaining("malformed"),
    );
  });
});
