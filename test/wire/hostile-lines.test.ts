/**
 * Whatever comes through the door: an answer or a close, memory that stays bounded, and the next client undisturbed. A
 * server of its own process, so that its memory can be watched; and somebody honest who listens all the time.
 */
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/protocol/limits.ts";
import { type TempFolder, tempFolder } from "../support/clean-checkout.ts";
import { type SpawnedServer, startServer } from "../support/spawned-server.ts";
import { until } from "../support/until.ts";
import { type GreetedClient, WireClient } from "../support/wire-client.ts";

const MIB = 1024 * 1024;

/** How much the server's memory may grow over all of this, in bytes: buffers in flight and garbage, no more. */
const GROWTH_BYTES_MAX = 128 * MIB;

let folder: TempFolder;
let server: SpawnedServer;
let honest: GreetedClient;
let residentBefore = 0;
const guests: WireClient[] = [];

function residentBytes(): number {
  return Number(execFileSync("ps", ["-o", "rss=", "-p", String(server.pid)], { encoding: "utf8" })) * 1024;
}

beforeAll(async () => {
  folder = tempFolder("hostile");
  server = await startServer({ dataDir: `${folder.path}/data`, args: ["--http", "off"] });
  honest = await WireClient.arrive(server.tcpPort);
  await honest.join("rust");
  residentBefore = residentBytes();
});

afterAll(async () => {
  honest.drop();
  await server.kill("SIGKILL");
  folder.remove();
});

/** After each: those who were there hear each other, somebody new is served, and the server is no larger for it. */
afterEach(async () => {
  for (const guest of guests.splice(0)) guest.drop();
  honest.send({ _ct: "send_message", r: "rust", c: "still here" });
  const heard = await honest.eventsUntil({ _et: "user_message" });
  expect(heard).toEqual([expect.objectContaining({ u: honest.name, c: "still here" })]);
  const next = await WireClient.arrive(server.tcpPort);
  await next.join("general");
  next.send({ _ct: "send_message", r: "general", c: "next" });
  await next.heard({ _et: "user_message", c: "next" });
  next.send({ _ct: "quit" });
  await next.closed();
  expect(residentBytes() - residentBefore).toBeLessThan(GROWTH_BYTES_MAX);
  expect(server.stderr()).toBe("");
});

async function connect(): Promise<GreetedClient> {
  const guest = await WireClient.arrive(server.tcpPort);
  guests.push(guest);
  return guest;
}

/** Sends one line and gives the code of the error that answers it. */
async function codeFor(guest: WireClient, line: string | Uint8Array): Promise<unknown> {
  guest.write(Buffer.concat([Buffer.from(line as string), Buffer.from("\n")]));
  const event = await guest.event();
  expect(event["_et"]).toBe("error");
  expect(String(event["m"]).length).toBeLessThan(250);
  return event["code"];
}

/** Sends without an end, as fast as the server takes it, until it closes; gives how much was sent. */
async function pour(guest: WireClient, chunk: Uint8Array, bytesMax: number): Promise<number> {
  let sent = 0;
  while (sent < bytesMax && !guest.socket.destroyed && guest.socket.writable) {
    sent += chunk.length;
    if (guest.socket.write(chunk)) continue;
    await until(
      20_000,
      () => "the server to read on or close",
      () => (guest.socket.writableNeedDrain && guest.socket.writable ? undefined : true),
    );
  }
  return sent;
}

const send = (text: string, more = ""): string =>
  `{"_ct":"send_message","r":"music","c":${JSON.stringify(text)}${more}}`;

describe("lines in odd pieces", () => {
  it("WIRE-1 CMD-3 byte by byte, also within a character", async () => {
    const guest = await connect();
    await guest.join("music");
    const text = "é€𝄞😀";
    for (const byte of Buffer.from(`${send(text)}\r\n`)) {
      await new Promise<void>((resolve, reject) => {
        guest.socket.write(Uint8Array.of(byte), (error) => (error ? reject(error) : resolve()));
      });
    }
    expect(await guest.event()).toMatchObject({ _et: "user_message", c: text });
  });

  it("WIRE-1 CMD-3 a thousand commands in one packet are answered one by one, in order", async () => {
    const guest = await connect();
    await guest.join("music");
    const lines = Array.from({ length: 1000 }, (_, index) =>
      index % 4 === 3 ? `{"_ct":"typing","r":"nowhere ${index}"}` : send(`number ${index}`, `,"k":"${index}"`),
    );
    guest.write(`${lines.join("\n")}\n`);
    const said: unknown[] = [];
    const refused: unknown[] = [];
    const acked: unknown[] = [];
    for (let count = 0; count < 250 + 750 * 2; count++) {
      const event = await guest.event();
      if (event["_et"] === "error") refused.push(event["r"]);
      else if (event["_et"] === "ack") acked.push(event["k"]);
      else said.push(event["k"]);
    }
    const indexes = Array.from({ length: 1000 }, (_, index) => index);
    const keys = indexes.filter((index) => index % 4 !== 3).map(String);
    expect([said, acked]).toEqual([keys, keys]);
    expect(refused).toEqual(indexes.filter((index) => index % 4 === 3).map((index) => `nowhere ${index}`));
  });
});

describe("lines without end", () => {
  it("WIRE-8 CMD-3 no newline for 100 MB: an error, a close, and nothing of it is kept", async () => {
    const guest = await connect();
    const sent = await pour(guest, Buffer.alloc(64 * 1024, "x"), 100 * MIB);
    const rest = await guest.closed();
    // Where the connection was reset by what was still on its way, the error may be lost with it.
    for (const line of rest) expect(JSON.parse(line)).toMatchObject({ code: "line_too_long" });
    expect(sent).toBeGreaterThan(DEFAULT_LIMITS.lineBytesMax);
  }, 120_000);

  it.each([
    ["in one packet", 1],
    ["in many", 50],
  ])(
    "WIRE-8 CMD-3 a line over the limit, %s: an error, a close, and what follows is not carried out",
    async (_, pieces) => {
      const guest = await connect();
      const bytes = Buffer.from(`${"x".repeat(DEFAULT_LIMITS.lineBytesMax + 1)}\n{"_ct":"join_room","r":"rust"}\n`);
      const size = Math.ceil(bytes.length / pieces);
      for (let at = 0; at < bytes.length; at += size) guest.write(bytes.subarray(at, at + size));
      const rest = await guest.closed();
      expect(rest.map((line) => JSON.parse(line)["code"])).toEqual(["line_too_long"]);
      expect(await honest.quiet()).toEqual([]);
    },
  );
});

describe("lines that are no text", () => {
  it("WIRE-7 CMD-3 invalid UTF-8, NUL and lone surrogates are answered, each by its name", async () => {
    const guest = await connect();
    await guest.join("music");
    const wrapped = (bytes: readonly number[]) =>
      Buffer.concat([
        Buffer.from('{"_ct":"send_message","r":"music","c":"'),
        Uint8Array.from(bytes),
        Buffer.from('"}'),
      ]);
    // A continuation alone, an overlong slash, a surrogate in UTF-8, beyond U+10FFFF, a cut character, never in UTF-8.
    for (const bytes of [
      [0x80],
      [0xc0, 0xaf],
      [0xed, 0xa0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0xe2, 0x82],
      [0xff, 0xfe],
    ]) {
      expect(await codeFor(guest, wrapped(bytes))).toBe("bad_utf8");
      expect(await codeFor(guest, Uint8Array.from(bytes))).toBe("bad_utf8");
    }
    expect(await codeFor(guest, wrapped([0]))).toBe("bad_json");
    expect(await codeFor(guest, "\0")).toBe("bad_json");
    expect(await codeFor(guest, `\ufeff${send("after a byte order mark")}`)).toBe("bad_json");
    for (const half of ["\\ud800", "\\udfff", "\\ude00\\ud83d", "a\\ud800b"]) {
      expect(await codeFor(guest, `{"_ct":"send_message","r":"music","c":"${half}"}`)).toBe("bad_field");
      expect(await codeFor(guest, `{"_ct":"send_message","r":"music","c":"x","k":"${half}"}`)).toBe("bad_field");
      expect(await codeFor(guest, `{"_ct":"hello","v":1,"s":"${half}"}`)).toBe("bad_field");
      // The name of a room may be anything: there is just no such room.
      expect(await codeFor(guest, `{"_ct":"join_room","r":"${half}"}`)).toBe("unknown_room");
    }
    guest.write(`${send("\0 and \ud83d\ude00")}\n`);
    expect(await guest.event()).toMatchObject({ c: "\0 and 😀" });
  });
});

describe("lines that are JSON of a hostile kind", () => {
  it("WIRE-7 CMD-3 depth, keys, __proto__, huge numbers and long names are answered", async () => {
    const guest = await connect();
    await guest.join("music");
    const deep = (open: string, close: string, depth: number): string => open.repeat(depth) + close.repeat(depth);
    expect(await codeFor(guest, "[".repeat(100_000))).toBe("bad_json");
    expect(await codeFor(guest, deep("[", "]", 60_000))).toBe("bad_json");
    expect(await codeFor(guest, `{"_ct":"join_room","r":${deep("[", "]", 60_000)}}`)).toBe("bad_field");
    expect(await codeFor(guest, `${'{"a":'.repeat(20_000)}0${"}".repeat(20_000)}`)).toBe("bad_field");
    const keys = Array.from({ length: 14_000 }, (_, index) => `"${index.toString(36)}":0`).join(",");
    expect(await codeFor(guest, `{${keys}}`)).toBe("bad_field");
    expect(await codeFor(guest, '{"__proto__":{"_ct":"quit"}}')).toBe("bad_field");
    expect(await codeFor(guest, '{"_ct":"__proto__"}')).toBe("unknown_command");
    expect(await codeFor(guest, '{"_ct":"constructor"}')).toBe("unknown_command");
    expect(await codeFor(guest, '{"_ct":"join_room","r":"__proto__"}')).toBe("unknown_room");
    expect(await codeFor(guest, '{"_ct":"join_room","__proto__":{"r":"rust"}}')).toBe("bad_field");
    const huge = ["1e400", "-1e400", "9007199254740992", `1${"0".repeat(1000)}`, "0.1", "-1"];
    for (const number of huge) {
      for (const line of [
        `{"_ct":"join_room","r":"rust","last":${number}}`,
        `{"_ct":"history","r":"rust","limit":${number}}`,
        `{"_ct":"hello","v":${number}}`,
      ]) {
        expect(await codeFor(guest, line), line).toBe("bad_field");
      }
    }
    expect(await codeFor(guest, `{"_ct":"join_room","r":"${"r".repeat(64 * 1024)}"}`)).toBe("bad_field");
    expect(await codeFor(guest, `{"_ct":"${"c".repeat(64 * 1024)}"}`)).toBe("unknown_command");
    expect(await codeFor(guest, `{"_ct":"send_message","r":"${"r".repeat(64 * 1024)}","c":"x"}`)).toBe("bad_field");
    expect(await codeFor(guest, `{"_ct":"send_message","r":"music","c":"x","k":"${"k".repeat(65)}"}`)).toBe(
      "bad_field",
    );
    guest.write(`${send("still understood")}\n`);
    expect(await guest.event()).toMatchObject({ c: "still understood" });
  });

  it("WIRE-8 CMD-3 a million keys are a line that is too long", async () => {
    const guest = await connect();
    guest.write(`{${Array.from({ length: 1_000_000 }, (_, index) => `"${index}":0`).join(",")}}\n`);
    for (const line of await guest.closed()) expect(JSON.parse(line)).toMatchObject({ code: "line_too_long" });
  });

  it("WIRE-7 CMD-3 wrong types in every field are answered, each field by its name", async () => {
    const guest = await connect();
    const fields: Readonly<Record<string, readonly string[]>> = {
      hello: ["v", "t", "s"],
      join_room: ["r", "after", "last"],
      leave_room: ["r"],
      send_message: ["r", "c", "k"],
      history: ["r", "before", "after", "limit"],
      typing: ["r"],
    };
    const right: Readonly<Record<string, unknown>> = { r: "rust", c: "x" };
    for (const [name, names] of Object.entries(fields)) {
      const whole = Object.fromEntries(names.filter((field) => field in right).map((field) => [field, right[field]]));
      for (const field of names) {
        const isNumber = ["v", "after", "last", "before", "limit"].includes(field);
        for (const value of [true, {}, [], [1], isNumber ? "1" : 1]) {
          guest.send({ _ct: name, ...whole, [field]: value });
          const event = await guest.event();
          expect(event, `${name}.${field}`).toMatchObject({ _et: "error", code: "bad_field" });
          expect(String(event["m"])).toMatch(new RegExp(`^${field} `));
        }
      }
    }
    for (const value of ["1", "null", '"text"', "[1,2]", "true", "{}", '{"_ct":null}', '{"_ct":{}}']) {
      expect(await codeFor(guest, value)).toMatch(/^bad_(json|field)$/);
    }
  });

  it("CMD-3 anything at all: every line has an answer, until one closes", async () => {
    const line = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0x0a ? 0 : byte)))),
      fc.json().map((text) => Buffer.from(text.replaceAll("\n", " "))),
      fc
        .tuple(fc.constantFrom("hello", "leave_room", "history", "typing", "send_message"), fc.jsonValue(), fc.nat(40))
        .map(([name, value, at]) => {
          const bytes = Buffer.from(JSON.stringify({ _ct: name, r: value, c: value, v: value, s: value }));
          // One byte of it is another.
          bytes[Math.min(at, bytes.length - 1)] = 0x20 + at;
          return bytes;
        }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 30 }), async (lines) => {
        const guest = await connect();
        // A first line of its own, or bytes that look like a browser's would close the connection.
        guest.write("first\n");
        await guest.event();
        for (const bytes of lines) guest.write(Buffer.concat([bytes, Buffer.from("\n")]));
        for (const bytes of lines) {
          const event = await guest.event();
          expect(event["_et"], bytes.toString("latin1")).toMatch(/^(error|history|login_successful)$/);
        }
        expect(await guest.quiet()).toEqual([]);
        guest.drop();
      }),
      { numRuns: 40 },
    );
  }, 120_000);
});

describe("a browser", () => {
  const body = '{"_ct":"join_room","r":"rust"}\n{"_ct":"send_message","r":"rust","c":"from a web page"}\n';

  it.each(["POST", "GET", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"])(
    "WIRE-9 that sends a %s is closed upon, and nothing is carried out",
    async (method) => {
      const guest = await connect();
      const head = `${method} / HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n`;
      guest.write(head + body);
      const rest = await guest.closed();
      expect(rest.map((line) => JSON.parse(line)["code"])).toEqual(["not_a_browser"]);
      expect(await honest.quiet()).toEqual([]);
    },
  );

  it("WIRE-9 that sends its first line in pieces, or a real fetch, is closed upon as well", async () => {
    const guest = await connect();
    for (const piece of ["PO", "ST /", " HTTP/1.1\r", `\n\r\n${body}`]) guest.write(piece);
    expect((await guest.closed()).map((line) => JSON.parse(line)["code"])).toEqual(["not_a_browser"]);
    await expect(fetch(`http://127.0.0.1:${server.tcpPort}/`, { method: "POST", body })).rejects.toThrow();
    expect(await honest.quiet()).toEqual([]);
  });
});

describe("a client that asks and never listens", () => {
  it("FAN-2 CMD-3 is not read any more once its answers fill its outbox", async () => {
    const guest = await connect();
    guest.socket.pause();
    const before = residentBytes();
    // Each command is 60 bytes and earns an error of twice that.
    const chunk = Buffer.from('{"_ct":"typing","r":"a room that there is not, at all"}\n'.repeat(1000));
    let accepted = 0;
    // How much the kernel takes, commands one way and answers the other, differs by machine: tens of MB on some.
    while (accepted < 150 * MIB && !guest.socket.writableNeedDrain) {
      guest.socket.write(chunk);
      accepted += chunk.length;
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
    expect(guest.socket.writableNeedDrain).toBe(true);
    expect(residentBytes() - before).toBeLessThan(64 * MIB);
    expect(await honest.quiet()).toEqual([]);
    // Once it listens it hears all of it.
    guest.socket.resume();
    guest.socket.end();
    const answers = await guest.closed(30_000);
    expect(answers.length).toBe(accepted / (chunk.length / 1000));
  }, 120_000);
});
