/** Frames: what the door writes, taken apart by a reader of the tests' own, and read back by `ws`. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { EventRun } from "../../../src/server/fanout/event-run.ts";
import {
  closeFrame,
  framesOf,
  PING_FRAME,
  pongFrame,
  textFrame,
  WebSocketFraming,
} from "../../../src/server/gateways/websocket-frames.ts";
import { serverFrame } from "../../support/websocket-client.ts";
import { startEchoServer } from "../../support/websocket-echo.ts";

/** The payloads of some frames, all of which are there and whole, and their first bytes. */
function parsed(frames: Uint8Array): readonly (readonly [number, string])[] {
  const found: [number, string][] = [];
  let rest = Buffer.from(frames);
  while (rest.length > 0) {
    const frame = serverFrame(rest);
    if (frame === undefined) throw new Error("half a frame");
    expect(frame.second & 0x80, "a server masks nothing").toBe(0);
    found.push([frame.first, frame.payload.toString()]);
    rest = rest.subarray(frame.bytes);
  }
  return found;
}

const MESSAGE = '{"_et":"user_message","r":"rust","u":"71OU8","c":"x"}';
const CHANGE = '{"_et":"room_change","r":"rust","q":2}';

function runOf(first: number, events: readonly string[]): EventRun {
  return {
    first,
    last: first + events.length - 1,
    lines: Buffer.from(events.map((event) => `${event}\r\n`).join("")),
    messagesOnly: events.every((event) => event.startsWith('{"_et":"user_message"')),
  } as EventRun;
}

describe("frames", () => {
  it.each([0, 1, 125, 126, 127, 65_535, 65_536, 1_000_000])(
    "say a length of %i in as few bytes as it takes",
    (length) => {
      const frame = textFrame("x".repeat(length));
      expect(frame.length - length).toBe(length < 126 ? 2 : length < 65_536 ? 4 : 10);
      const [only] = parsed(frame);
      expect(only?.[0]).toBe(0x81);
      // Not by `toEqual`, which takes seconds for a text of that length.
      expect(only?.[1] === "x".repeat(length)).toBe(true);
      expect(framesOf(Buffer.from(`${"x".repeat(length)}\r\n`)).equals(frame)).toBe(true);
    },
  );

  it("WIRE-1 hold each line of a run by itself, without its line end, whatever is in it", () => {
    const line = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ minLength: 100, maxLength: 200 }));
    fc.assert(
      fc.property(fc.array(line.map((text) => JSON.stringify(text))), (texts) => {
        const frames = framesOf(Buffer.from(texts.map((text) => `${text}\r\n`).join("")));
        expect(parsed(frames)).toEqual(texts.map((text) => [0x81, text]));
        expect(frames).toEqual(Buffer.concat(texts.map((text) => textFrame(text))));
      }),
    );
  });

  it("close with a code and words, or with neither", () => {
    expect(closeFrame(1001, "going_away")).toEqual(Buffer.from("\x88\x0c\x03\xe9going_away", "latin1"));
    expect(closeFrame(undefined, "")).toEqual(Buffer.from([0x88, 0]));
  });

  it("ping, and answer a ping with its own payload", () => {
    expect(Buffer.from(PING_FRAME)).toEqual(Buffer.from([0x89, 0]));
    expect(parsed(pongFrame(Buffer.from("are you there?")))).toEqual([[0x8a, "are you there?"]]);
  });

  it("are what another implementation reads", async () => {
    const server = await startEchoServer({ frameBytesMax: 1 << 20, piecesMax: 16, chunksMax: 1024 });
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`);
    const texts = ["", "héllo", "x".repeat(200), "y".repeat(70_000), "\u{1f600}".repeat(300)];
    const heard: string[] = [];
    try {
      await new Promise<void>((resolve, reject) => {
        socket.on("error", reject);
        socket.on("open", () => {
          for (const text of texts) socket.send(text);
        });
        socket.on("message", (data) => {
          heard.push(data.toString());
          if (heard.length === texts.length) resolve();
        });
      });
    } finally {
      socket.terminate();
      await server.stop();
    }
    expect(heard).toEqual(texts);
  });
});

describe("the framing of the door", () => {
  it("FAN-3 makes the frames of one run once, however many hear it", () => {
    const framing = new WebSocketFraming();
    const run = runOf(1, [MESSAGE, MESSAGE]);
    const frames = framing.run(run, true);
    expect(parsed(frames)).toEqual([
      [0x81, MESSAGE],
      [0x81, MESSAGE],
    ]);
    expect(framing.run(run, true)).toBe(frames);
    expect(framing.run(run, false)).toBe(frames);
    expect(framing.run(runOf(1, [MESSAGE, MESSAGE]), true)).not.toBe(frames);
  });

  it("WIRE-10 leaves out what is no message for who did not say hello, and does not mix the two up", () => {
    const framing = new WebSocketFraming();
    const run = runOf(1, [MESSAGE, CHANGE]);
    const all = framing.run(run, true);
    expect(parsed(all).map(([, text]) => text)).toEqual([MESSAGE, CHANGE]);
    const messages = framing.run(run, false);
    expect(parsed(messages).map(([, text]) => text)).toEqual([MESSAGE]);
    expect(framing.run(run, false)).toBe(messages);
    expect(framing.run(run, true)).toEqual(all);
    expect(framing.run(runOf(3, [CHANGE]), false).length).toBe(0);
  });

  it("makes the frame of one event once, however many are told", () => {
    const framing = new WebSocketFraming();
    const frame = framing.event(CHANGE);
    expect(parsed(frame)).toEqual([[0x81, CHANGE]]);
    expect(framing.event(CHANGE)).toBe(frame);
    expect(parsed(framing.event(MESSAGE))).toEqual([[0x81, MESSAGE]]);
    expect(parsed(frame)).toEqual([[0x81, CHANGE]]);
  });
});
