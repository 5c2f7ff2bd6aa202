/**
 * WebSocket clients that break the protocol, say nothing, take nothing or are gone: each gets an answer or its end,
 * costs no more than its limits, and the honest ones do not notice.
 */
import { afterEach, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/protocol/limits.ts";
import { HandClock } from "../support/hand-clock.ts";
import { until } from "../support/until.ts";
import {
  type ClientFrame,
  clientFrame,
  type GreetedWebSocket,
  type Knock,
  OPCODE,
  upgradeRequest,
  WebSocketClient,
} from "../support/websocket-client.ts";
import {
  startWebSocketServer,
  type WebSocketServer,
  type WebSocketServerOptions,
} from "../support/websocket-server.ts";

const { frameBytesMax, signInSecondsMax } = DEFAULT_LIMITS;
/** Pings and pongs that a client may send between two pings of the server. */
const CONTROL_FRAMES_MAX = 1000;
const MIB = 1024 * 1024;

const closings: (() => unknown)[] = [];

afterEach(async () => {
  for (const closing of closings.splice(0).reverse()) await closing();
});

async function start(options: WebSocketServerOptions = {}): Promise<WebSocketServer> {
  const server = await startWebSocketServer(options);
  closings.push(() => server.stop());
  return server;
}

async function arrive({ port }: WebSocketServer, knock: Knock = {}): Promise<GreetedWebSocket> {
  const client = await WebSocketClient.arrive(port, knock);
  closings.push(() => client.drop());
  return client;
}

/** Somebody honest in a room: `notices` what there is to notice of an attack, which is nothing. */
async function bystander(server: WebSocketServer) {
  const person = await arrive(server);
  await person.join("rust");
  return {
    person,
    isUndisturbed: async () => {
      person.send({ _ct: "send_message", r: "rust", c: "still here", k: "k" });
      expect(await person.event()).toMatchObject({ _et: "ack" });
      expect(await person.event()).toMatchObject({ c: "still here" });
      expect(person.fault).toBeUndefined();
      expect(person.isOver).toBe(false);
    },
  };
}

describe("a client that breaks the protocol", () => {
  const ending: readonly (readonly [string, readonly ClientFrame[], string, number])[] = [
    ["an unmasked frame", [{ opcode: OPCODE.text, payload: "{}", masked: false }], "bad_frame", 1002],
    ["a frame of an unknown kind", [{ opcode: 11 }], "bad_frame", 1002],
    ["a ping in pieces", [{ opcode: OPCODE.ping, fin: false }], "bad_frame", 1002],
    ["a length of 2^63", [{ opcode: OPCODE.text, length: 2n ** 63n, payload: "x" }], "line_too_long", 1009],
    ["a frame over the limit", [{ opcode: OPCODE.text, length: BigInt(frameBytesMax) + 1n }], "line_too_long", 1009],
    ["text that is not UTF-8", [{ opcode: OPCODE.text, payload: Buffer.from([0xff]) }], "bad_utf8", 1007],
    [
      "a message of 1,025 pieces of one byte",
      [
        { opcode: OPCODE.text, payload: "x", fin: false },
        ...Array.from({ length: 1024 }, () => ({ opcode: OPCODE.continuation, payload: "x", fin: false })),
      ],
      "bad_frame",
      1008,
    ],
    ["1,001 pings", Array.from({ length: 1001 }, () => ({ opcode: OPCODE.ping })), "bad_frame", 1008],
    [
      "1,001 pongs that nobody asked for",
      Array.from({ length: 1001 }, () => ({ opcode: OPCODE.pong })),
      "bad_frame",
      1008,
    ],
  ];

  it.each(ending)("WS-3 WIRE-7 WIRE-8 CMD-3 is told of %s, and closed", async (_, frames, code, closeCode) => {
    const server = await start();
    const { isUndisturbed } = await bystander(server);
    const rude = await arrive(server);
    rude.send({ _ct: "join_room", r: "general" });
    rude.write(Buffer.concat(frames.map(clientFrame)));
    const rest = (await rude.closed()).map((line) => JSON.parse(line) as Record<string, unknown>);
    // What came before was carried out, and the error is the last of all.
    expect(rest[0]).toMatchObject({ _et: "user_joined_room", r: "general" });
    expect(rest.at(-1)).toMatchObject({ _et: "error", code });
    expect(rude.closing).toEqual({ code: closeCode, reason: code });
    expect(rude.fault).toBeUndefined();
    await isUndisturbed();
  });

  it("WIRE-7 CMD-3 is answered a binary frame, and goes on", async () => {
    const server = await start();
    const rude = await arrive(server);
    rude.sendFrame({ opcode: OPCODE.binary, payload: '{"_ct":"quit"}' });
    expect(await rude.event()).toMatchObject({ _et: "error", code: "bad_json" });
    await rude.join("rust");
  });

  it("WIRE-21 may send a frame of exactly the limit, in one piece or in a thousand", async () => {
    const server = await start();
    const person = await arrive(server);
    const command = JSON.stringify({ _ct: "no such command" }).padEnd(frameBytesMax);
    person.sendText(command);
    expect(await person.event()).toMatchObject({ _et: "error", code: "unknown_command" });
    const pieces = 1000;
    const size = Math.ceil(command.length / pieces);
    for (let at = 0; at < command.length; at += size) {
      person.sendFrame({
        opcode: at === 0 ? OPCODE.text : OPCODE.continuation,
        payload: command.slice(at, at + size),
        fin: at + size >= command.length,
      });
    }
    expect(await person.event()).toMatchObject({ _et: "error", code: "unknown_command" });
  });

  it("CMD-3 may reset the connection in the middle of a frame", async () => {
    const server = await start({ limits: { sessionsMax: 2 } });
    const { person, isUndisturbed } = await bystander(server);
    for (let round = 0; round < 3; round++) {
      const rude = await arrive(server);
      await rude.join("rust");
      expect(await person.event()).toMatchObject({ s: "joined", u: rude.name });
      rude.write(clientFrame({ opcode: OPCODE.text, payload: '{"_ct":"quit"}' }).subarray(0, 9));
      rude.socket.resetAndDestroy();
      expect(await person.event()).toMatchObject({ s: "left", u: rude.name });
      await until(
        2000,
        () => "the place to be given back",
        () => (server.sockets.size === 1 ? true : undefined),
      );
    }
    await isUndisturbed();
  });
});

describe("a request with too many headers", () => {
  it("WS-3 is refused, and nobody notices", async () => {
    const server = await start();
    const { isUndisturbed } = await bystander(server);
    const many = Object.fromEntries(Array.from({ length: 2001 }, (_, number) => [`a${number}`, ""]));
    for (const headers of [many, { ...many, Upgrade: undefined, upgrade: "websocket" }]) {
      const refusal = await WebSocketClient.refused(server.port, upgradeRequest("/ws", server.port, headers));
      expect(refusal.status).toBeGreaterThanOrEqual(400);
      expect(refusal.status).toBeLessThan(500);
    }
    await isUndisturbed();
  });
});

describe("a client that takes nothing", () => {
  it("FAN-2 and pings all the same costs no more than one answer", async () => {
    const clock = new HandClock();
    const server = await start({ clock });
    const rude = await arrive(server);
    const [socket] = [...server.sockets];
    rude.socket.pause();
    const ping = clientFrame({ opcode: OPCODE.ping, payload: "x".repeat(125) });
    const pings = Buffer.concat(Array.from({ length: CONTROL_FRAMES_MAX }, () => ping));
    let mostPending = 0;
    // 125 MB of answers, had they all been kept; the kernel itself takes some MiB, on some machines 36.
    for (let round = 0; round < 1000; round++) {
      const read = socket?.bytesRead ?? 0;
      rude.write(pings);
      await until(
        5000,
        () => "the server to read the pings",
        () => (socket === undefined || socket.destroyed || socket.bytesRead >= read + pings.length ? true : undefined),
      );
      mostPending = Math.max(mostPending, socket?.writableLength ?? 0);
      await clock.advance(25_000);
      if (rude.isOver || socket?.destroyed) break;
    }
    expect(mostPending).toBeLessThan(1 * MIB);
    // Nothing is taken for 30 s: that is slow, pings or not.
    await until(
      5000,
      () => "the server to give up",
      () => (socket?.destroyed ? true : undefined),
    );
  });
});

describe("a client that says nothing", () => {
  it("WS-4 WIRE-20 may listen for days, as long as it answers pings", async () => {
    const clock = new HandClock();
    const server = await start({ clock });
    const person = await arrive(server);
    for (let pings = 1; pings <= 12; pings++) {
      await clock.advance(25_000);
      await until(
        2000,
        () => `ping ${pings}`,
        () => (person.pings === pings ? true : undefined),
      );
      await person.quiet();
    }
    expect(person.isOver).toBe(false);
  });

  it("WS-4 WIRE-20 is gone when a ping is not answered within 10 s, and others hear it leave", async () => {
    const clock = new HandClock();
    const server = await start({ clock });
    const { person } = await bystander(server);
    const halfOpen = await arrive(server);
    await halfOpen.join("rust");
    // Who comes so soon after another is told a little later, and time stands still here.
    await clock.advance(20);
    await person.heard({ s: "joined", u: halfOpen.name });
    // When the server asks this one is its own affair, but it does so every 25 s.
    for (let second = 0; halfOpen.pings === 0 && second < 25; second++) {
      await clock.advance(1000);
      await halfOpen.quiet();
    }
    expect(halfOpen.pings).toBe(1);
    halfOpen.answersPings = false;
    await clock.advance(25_000);
    await until(
      2000,
      () => "the next ping",
      () => (halfOpen.pings === 2 ? true : undefined),
    );
    // Its own answers take a moment of real time, and the clock of the server waits for nothing: they are there now.
    expect(await person.quiet()).toEqual([]);
    await clock.advance(9_000);
    expect(await person.quiet()).toEqual([]);
    await clock.advance(1_000);
    expect(await person.event()).toMatchObject({ s: "left", u: halfOpen.name });
    await halfOpen.closed();
    // It is asked once more within the first 15 s of these, and judged within the last 10.
    await clock.advance(15_000);
    expect(await person.quiet()).toEqual([]);
    await clock.advance(10_000);
    expect(await person.quiet()).toEqual([]);
    expect(person.pings).toBeGreaterThan(1);
  });

  it("WS-4 WIRE-20 is there as long as anything comes, an answer to the ping or not", async () => {
    const clock = new HandClock();
    const server = await start({ clock });
    const person = await arrive(server);
    person.answersPings = false;
    for (let round = 0; round < 8; round++) {
      await clock.advance(9_000);
      await person.quiet();
    }
    expect(person.pings).toBeGreaterThan(1);
    expect(person.isOver).toBe(false);
  });

  it("AUTH-5 where it has to sign in, is closed after 10 s, and nothing that it asks before is carried out", async () => {
    const clock = new HandClock();
    const server = await start({ clock, door: { takesGuests: false } });
    const stranger = await WebSocketClient.connect(server.port);
    closings.push(() => stranger.drop());
    stranger.send({ _ct: "join_room", r: "rust" });
    expect(await stranger.event()).toMatchObject({ _et: "error", code: "unauthorized" });
    await clock.advance(signInSecondsMax * 1000 - 1);
    expect(await stranger.quiet()).toEqual([]);
    await clock.advance(1);
    const rest = await stranger.closed();
    expect(rest.map((line) => JSON.parse(line))).toMatchObject([{ _et: "error", code: "sign_in_timeout" }]);
    expect(stranger.closing).toEqual({ code: 4401, reason: "sign_in_timeout" });
  });
});
