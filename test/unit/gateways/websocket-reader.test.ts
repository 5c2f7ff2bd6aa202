/** The reader of frames: however bytes are cut it reads the same, and nobody has it keep more than the limits say. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FrameFault, type FrameLimits, FrameReader } from "../../../src/server/gateways/websocket-reader.ts";
import { until } from "../../support/until.ts";
import { clientFrame, OPCODE } from "../../support/websocket-client.ts";

const LIMITS: FrameLimits = { frameBytesMax: 100_000, piecesMax: 64, chunksMax: 64 };

/** A reader, and what it told, in order. */
function reading(limits = LIMITS) {
  const told: string[] = [];
  const faults: FrameFault[] = [];
  const reader = new FrameReader(
    {
      text: (text) => void told.push(`text ${text}`),
      binary: (payload) => void told.push(`binary ${payload}`),
      ping: (payload) => void told.push(`ping ${payload}`),
      pong: () => void told.push("pong"),
      concluded: (code) => void told.push(`close ${code}`),
      failed: (fault) => void faults.push(fault),
    },
    limits,
  );
  const fault = () =>
    until(
      2000,
      () => `a fault; told: ${told.slice(-3)}`,
      () => faults[0],
    );
  return { told, faults, reader, fault };
}

describe("the reader", () => {
  const lengths = [0, 1, 2, 3, 4, 5, 124, 125, 126, 127, 128, 1000, 65_535, 65_536, 70_000];
  const words = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.constantFrom(...lengths).map((length) => "x".repeat(length)),
    fc.string({ minLength: 100, maxLength: 300 }),
  );
  const pieces = fc.array(words, { minLength: 1, maxLength: 4 }).map((payloads) =>
    payloads.flatMap((payload, at) => [
      // A ping may come between the pieces of a message.
      ...(at > 0 ? [{ frame: { opcode: OPCODE.ping, payload: `${at}` }, told: `ping ${at}` }] : []),
      {
        frame: {
          opcode: at === 0 ? OPCODE.text : OPCODE.continuation,
          payload: Buffer.from(payload),
          fin: at === payloads.length - 1,
        },
        told: at === payloads.length - 1 ? `text ${payloads.join("")}` : undefined,
      },
    ]),
  );
  const single = fc.oneof(
    words.map((payload) => ({ frame: { opcode: OPCODE.text, payload }, told: `text ${payload}` })),
    words.map((payload) => ({ frame: { opcode: OPCODE.binary, payload }, told: `binary ${payload}` })),
    fc.constant({ frame: { opcode: OPCODE.ping, payload: "?" }, told: "ping ?" }),
    fc.constant({ frame: { opcode: OPCODE.pong }, told: "pong" }),
  );

  it("WIRE-1 tells the same however the bytes are cut, in frames and in chunks", () => {
    const stream = fc.array(
      fc.oneof({ weight: 3, arbitrary: single.map((one) => [one]) }, { weight: 1, arbitrary: pieces }),
    );
    const limits = { frameBytesMax: 1 << 20, piecesMax: 1024, chunksMax: 4096 };
    fc.assert(
      fc.property(stream, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 }), (messages, cuts) => {
        const { told, faults, reader } = reading(limits);
        const bytes = Buffer.concat(messages.flat().map(({ frame }) => clientFrame(frame)));
        const places = cuts.map((cut) => Math.floor(cut * bytes.length)).toSorted((a, b) => a - b);
        for (const [index, end] of [...places, bytes.length].entries()) {
          // The reader changes what it is given, as sockets hand each chunk out once.
          reader.feed(Buffer.from(bytes.subarray(places[index - 1] ?? 0, end)));
        }
        expect(told).toEqual(messages.flat().flatMap((one) => one.told ?? []));
        expect(faults).toEqual([]);
      }),
    );
  });

  it("tells how the client closes, and nothing after it", () => {
    for (const [payload, code] of [
      [Buffer.from([0x03, 0xe8, 0x6f, 0x6b]), 1000],
      ["", undefined],
    ] as const) {
      const { told, faults, reader } = reading();
      const after = clientFrame({ opcode: OPCODE.text, payload: "too late" });
      reader.feed(Buffer.concat([clientFrame({ opcode: OPCODE.close, payload }), after]));
      reader.feed(after);
      expect(told).toEqual([`close ${code}`]);
      expect(faults).toEqual([]);
    }
  });

  it("takes a message of exactly the limit, and not one byte more, whole or in pieces", async () => {
    const whole = reading();
    whole.reader.feed(clientFrame({ opcode: OPCODE.text, payload: "x".repeat(100_000) }));
    expect(whole.told.map((text) => text.length)).toEqual(["text ".length + 100_000]);
    whole.reader.feed(clientFrame({ opcode: OPCODE.text, payload: "x".repeat(100_001) }));
    expect(await whole.fault()).toMatchObject({ error: "line_too_long", closeCode: 1009 });
    const pieces = reading();
    pieces.reader.feed(clientFrame({ opcode: OPCODE.text, payload: "x".repeat(60_000), fin: false }));
    pieces.reader.feed(clientFrame({ opcode: OPCODE.continuation, payload: "x".repeat(40_001) }));
    expect(await pieces.fault()).toMatchObject({ error: "line_too_long", closeCode: 1009 });
    expect(pieces.told).toEqual([]);
  });

  it("refuses a length before anything of it has come: too long, or longer than can be", async () => {
    for (const length of [100_001n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
      const { reader, fault } = reading();
      reader.feed(clientFrame({ opcode: OPCODE.text, length }));
      expect(await fault()).toMatchObject({ error: "line_too_long", closeCode: 1009 });
    }
  });

  it("takes a message in exactly as many pieces as it may have, and not in one more", async () => {
    const message = (pieces: number): Buffer =>
      Buffer.concat(
        Array.from({ length: pieces }, (_, at) =>
          clientFrame({
            opcode: at === 0 ? OPCODE.text : OPCODE.continuation,
            payload: "x",
            fin: at === pieces - 1,
          }),
        ),
      );
    const { told, reader, fault } = reading();
    reader.feed(message(64));
    expect(told).toEqual([`text ${"x".repeat(64)}`]);
    reader.feed(message(65));
    expect(await fault()).toMatchObject({ error: "bad_frame", closeCode: 1008 });
    expect(told.length).toBe(1);
  });

  it("takes a frame in as many chunks as it may have, byte by byte, and not in more", async () => {
    const { told, reader, fault } = reading();
    for (const byte of clientFrame({ opcode: OPCODE.text, payload: "x".repeat(60) })) reader.feed(Buffer.from([byte]));
    expect(told).toEqual([`text ${"x".repeat(60)}`]);
    for (const byte of clientFrame({ opcode: OPCODE.text, payload: "x".repeat(90) })) reader.feed(Buffer.from([byte]));
    expect(await fault()).toMatchObject({ error: "bad_frame", closeCode: 1008 });
    expect(told.length).toBe(1);
  });

  it.each([
    ["unmasked", clientFrame({ opcode: OPCODE.text, payload: "x", masked: false })],
    ["with a reserved bit", Buffer.from([0xc1, 0x80, 0, 0, 0, 0])],
    ["of an unknown kind", clientFrame({ opcode: 3 })],
    ["a control frame in pieces", clientFrame({ opcode: OPCODE.ping, fin: false })],
    ["a control frame that is too long", clientFrame({ opcode: OPCODE.ping, payload: "x".repeat(126) })],
    ["a piece of nothing", clientFrame({ opcode: OPCODE.continuation, payload: "x" })],
    ["closing with half a code", clientFrame({ opcode: OPCODE.close, payload: "x" })],
    ["closing with a code that means nothing", clientFrame({ opcode: OPCODE.close, payload: Buffer.from([0, 1]) })],
  ])("finds a frame that is %s, and reads nothing after it", async (_, bytes) => {
    const { told, reader, fault } = reading();
    reader.feed(Buffer.concat([bytes, clientFrame({ opcode: OPCODE.text, payload: "after" })]));
    reader.feed(clientFrame({ opcode: OPCODE.text, payload: "long after" }));
    expect(await fault()).toMatchObject({ error: "bad_frame", closeCode: 1002 });
    reader.feed(clientFrame({ opcode: OPCODE.text, payload: "longer after" }));
    expect(told).toEqual([]);
  });

  it("finds text that is not UTF-8", async () => {
    const { told, reader, fault } = reading();
    reader.feed(clientFrame({ opcode: OPCODE.text, payload: Buffer.from([0xc3, 0x28]) }));
    expect(await fault()).toMatchObject({ error: "bad_utf8", closeCode: 1007 });
    expect(told).toEqual([]);
  });
});
