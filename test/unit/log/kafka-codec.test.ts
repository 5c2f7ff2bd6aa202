/** Records as the topic has them: what is written comes back as it was; what others write counts or is set aside. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeKafkaRecord } from "../../../src/server/log/kafka-decode.ts";
import { encodeKafkaRecord } from "../../../src/server/log/kafka-encode.ts";
import type { LogRecord } from "../../../src/server/record.ts";
import { message, uuidOf } from "../../support/log-records.ts";

const text = fc.oneof(
  fc.string({ minLength: 1, maxLength: 64 }),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 16 }),
  fc.array(fc.nat(0xffff), { minLength: 1, maxLength: 64 }).map((units) => String.fromCharCode(...units)),
);
const uuid = fc.nat(0xffff_ffff).map(uuidOf);

const record: fc.Arbitrary<LogRecord> = fc
  .record({
    version: fc.integer({ min: 1, max: 255 }),
    kind: fc.constantFrom("message", "room_created", "unknown_77", "x!~"),
    room: uuid,
    id: uuid,
    sender: uuid,
    senderName: text,
    key: fc.option(text, { nil: undefined }),
    time: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
    content: fc.oneof(text, fc.constant("")),
    body: fc.oneof(
      fc.json(),
      fc.constant('{ "b":1.0, "a" :[1e3],"__proto__":{},"2":2,"1":1}'),
      fc.constant('{"content":"}"}'),
    ),
  })
  .map(({ content, body, ...rest }) => ({ ...rest, body: rest.kind === "message" ? JSON.stringify(content) : body }));

/** As a broker would hand it over: somewhere within more bytes. */
function decode(value: string): LogRecord | undefined {
  const bytes = Buffer.from(`}"x${value}"}`);
  return decodeKafkaRecord(bytes, 3, bytes.length - 2);
}

describe("records in the topic", () => {
  it("LOG-1 comes back as it was written, the body byte for byte, with its own id for a key where it had none", () => {
    fc.assert(
      fc.property(record, (written) => {
        const { key, value, keyBytes, valueBytes } = encodeKafkaRecord(written);
        expect(decode(value)).toEqual({ ...written, key: written.key ?? written.id });
        expect(key).toBe(written.key ?? written.id);
        expect([keyBytes, valueBytes]).toEqual([Buffer.byteLength(key), Buffer.byteLength(value)]);
      }),
      { numRuns: 2000 },
    );
  });

  it("is JSON that others can read", () => {
    const written = message(1, { key: 'k"é', senderName: "ada", body: JSON.stringify("hi") });
    expect(JSON.parse(encodeKafkaRecord(written).value)).toEqual({
      ...{ v: 1, kind: "message", chat_id: uuidOf(1), message_id: written.id, sender_id: uuidOf(2) },
      ...{ sender_name: "ada", key: 'k"é', time: written.time, content: "hi" },
    });
    const other = message(1, { kind: "room_created", body: '{"name":"x"}' });
    expect(JSON.parse(encodeKafkaRecord(other).value)).toMatchObject({ kind: "room_created", body: { name: "x" } });
  });

  it("PROJ-5 takes what others wrote where it holds a whole envelope, in whatever order, and the same on every reading", () => {
    fc.assert(
      fc.property(record, fc.boolean(), (written, hasKey) => {
        const { v, kind, chat_id, message_id, sender_id, sender_name, key, time, ...rest } = JSON.parse(
          encodeKafkaRecord(written).value,
        );
        const foreign = JSON.stringify(
          {
            extra: [1],
            time,
            ...rest,
            sender_name,
            kind,
            message_id,
            ...(hasKey ? { key } : {}),
            v,
            sender_id,
            chat_id,
          },
          undefined,
          1,
        );
        const { body: _, ...envelope } = written;
        const read = decode(foreign);
        expect(read).toMatchObject({ ...envelope, key: hasKey ? key : undefined });
        expect(JSON.parse(read?.body ?? "")).toEqual(kind === "message" ? rest.content : (rest.body ?? {}));
      }),
    );
  });

  it("PROJ-5 sets aside what has no whole envelope, and never throws", () => {
    const good = encodeKafkaRecord(message(1, { key: "k" })).value;
    expect(decode(good)).toBeDefined();
    const broken = [
      ...["", " ", "null", "[]", "7", '"x"', "{}", "{", "\u0000", good.slice(0, -1), `${good}}`, good.slice(1)],
      good.replace('"v":1', '"v":0'),
      good.replace('"v":1', '"v":256'),
      good.replace('"v":1', '"v":"1"'),
      good.replace('"kind":"message"', '"kind":""'),
      good.replace('"kind":"message"', '"kind":"é"'),
      good.replace('"chat_id":"0', '"chat_id":"A'),
      good.replace('"key":"k"', '"key":""'),
      good.replace('"key":"k"', `"key":"${"k".repeat(257)}"`),
      good.replace('"key":"k"', '"key":7'),
      good.replace('"sender_name":"alice"', '"sender_name":null'),
      good.replace('"time":1800000000001', '"time":-1'),
      good.replace('"time":1800000000001', '"time":1.5'),
      good.replace('"time":1800000000001', '"time":01'),
      good.replace('"content":"message 1"', '"content":"message "1"'),
      good.replace('"content":"message 1"', '"content":"message \\x"'),
      good.replace('"content":"message 1"', '"content":"message \n"'),
    ];
    for (const value of broken) expect(decode(value), value).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), fc.nat(400), (noise, at, from) => {
        const bytes = Buffer.from(good);
        bytes.set(noise.subarray(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
        decodeKafkaRecord(bytes, Math.min(from, bytes.length), bytes.length);
        decodeKafkaRecord(Buffer.from(noise), 0, noise.length);
      }),
    );
  });

  it("PROJ-5 a message without text has an empty one, for its envelope is whole", () => {
    const good = encodeKafkaRecord(message(1, { key: "k" })).value;
    expect(decode(good.replace('"content":"message 1"', '"content":{"a":1}'))).toEqual(
      message(1, { key: "k", body: '""' }),
    );
    expect(decode(good.replace(',"content":"message 1"', ""))?.body).toBe('""');
  });

  it("refuses to write what nobody would take for a record", () => {
    const changes: Partial<LogRecord>[] = [
      ...[{ version: 0 }, { version: 256 }, { version: 1.5 }, { kind: "" }, { kind: 'a"b' }, { kind: "x".repeat(65) }],
      ...[{ room: "no uuid" }, { id: uuidOf(0xabc).toUpperCase() }, { sender: "" }, { senderName: "" }, { key: "" }],
      ...[{ key: "k".repeat(257) }, { time: -1 }, { time: 2 ** 48 }, { body: "" }],
    ];
    for (const change of changes) {
      expect(() => encodeKafkaRecord(message(1, change)), JSON.stringify(change)).toThrow(RangeError);
    }
  });
});
