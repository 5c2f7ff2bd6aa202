/**
 * Who a guest is, and for how long: `hello`, coming back, and what is written down of whom.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { GUEST_KNOWN_MS } from "../../src/protocol/limits.ts";
import { REFRESH_EVERY_MS } from "../../src/server/auth/guests.ts";
import { MemoryDirectory, MemoryTables } from "../../src/server/directory/memory.ts";
import { type TempFolder, tempFolder } from "../support/clean-checkout.ts";
import { HandClock } from "../support/hand-clock.ts";
import { startLocalServer } from "../support/local-server.ts";
import { type MemoryServer, type MemoryServerOptions, startMemoryServer } from "../support/memory-server.ts";
import { type SpawnedServer, startServer } from "../support/spawned-server.ts";
import { WireClient } from "../support/wire-client.ts";

const closings: (() => unknown)[] = [];

afterEach(async () => {
  for (const closing of closings.splice(0).reverse()) await closing();
});

async function start(options: MemoryServerOptions = {}): Promise<MemoryServer> {
  const server = await startMemoryServer(options);
  closings.push(() => server.stop());
  return server;
}

async function arrive(port: number) {
  const person = await WireClient.arrive(port);
  closings.push(() => person.drop());
  return person;
}

/** Says `hello` and gives name and session as they are then. */
async function hello(person: WireClient, session?: string): Promise<{ readonly u: unknown; readonly s: unknown }> {
  person.send({ _ct: "hello", v: 1, s: session });
  const { _et, u, s } = await person.event();
  expect(_et).toBe("login_successful");
  return { u, s };
}

/** A directory whose tables the test can look into. */
function openDirectory() {
  const tables = new MemoryTables();
  return { directory: new MemoryDirectory(tables), guests: tables.guests, names: tables.names };
}

function folder(purpose: string): TempFolder {
  const made = tempFolder(purpose);
  closings.push(() => made.remove());
  return made;
}

describe("a guest who said hello", () => {
  it("WIRE-11 WIRE-20 is known for 24 hours after their last sign of life, and being here is one", async () => {
    const clock = new HandClock();
    const { port } = await start({ clock });
    const first = await arrive(port);
    const who = await hello(first);
    await first.join("rust");
    // A day and an hour without a word, connected.
    for (let hour = 0; hour < 25; hour++) await clock.advance(REFRESH_EVERY_MS);
    expect((await first.quiet()).length).toBe(0);
    first.drop();

    const second = await arrive(port);
    await clock.advance(GUEST_KNOWN_MS - 60_000);
    expect(await hello(second, first.session)).toEqual(who);
    second.drop();
    const third = await arrive(port);
    await third.quiet();
    await clock.advance(GUEST_KNOWN_MS);
    const stranger = await hello(third, first.session);
    expect(stranger).toEqual({ u: third.name, s: third.session });
  }, 120_000);

  it("WIRE-11 comes back after a restart and after kill -9, with the same id and name", async () => {
    const dataDir = join(folder("hello").path, "data");
    const open = async (): Promise<SpawnedServer> => {
      const server = await startServer({ dataDir, args: ["--http", "off"] });
      closings.push(() => server.kill("SIGKILL"));
      return server;
    };
    let server = await open();
    const first = await arrive(server.tcpPort);
    const who = await hello(first);
    await first.join("rust");
    first.send({ _ct: "send_message", r: "rust", c: "once", k: "k" });
    const ack = await first.heard({ _et: "ack" });
    for (const signal of ["SIGKILL", "SIGTERM", "SIGKILL"] as const) {
      await server.kill(signal);
      server = await open();
      const again = await arrive(server.tcpPort);
      expect(await hello(again, first.session)).toEqual(who);
      await again.join("rust");
      // The key is the same sender's: so the id came back as well.
      again.send({ _ct: "send_message", r: "rust", c: "once", k: "k" });
      expect(await again.event()).toEqual(ack);
    }
  }, 120_000);

  it("WIRE-11 may come back while still here, and stays until the last session is gone", async () => {
    const { port } = await start();
    const first = await arrive(port);
    const who = await hello(first);
    const second = await arrive(port);
    expect(await hello(second, first.session)).toEqual(who);
    expect(await hello(second, first.session)).toEqual(who);
    first.drop();
    const third = await arrive(port);
    expect(await hello(third, first.session)).toEqual(who);
  });

  it("WIRE-11 may not come too late, nor with a token; a refused hello changes nothing", async () => {
    const { directory, guests } = openDirectory();
    const { port } = await start({ directory });
    const person = await arrive(port);
    person.send({ _ct: "hello", v: 1, t: "secret", s: person.session });
    expect(await person.event()).toMatchObject({ code: "unauthorized" });
    await person.join("rust");
    person.send({ _ct: "hello", v: 1 });
    expect(await person.event()).toMatchObject({ code: "hello_too_late" });
    person.send({ _ct: "leave_room", r: "rust" });
    expect(await person.event()).toMatchObject({ s: "left" });
    // Those who were there know it by its name.
    person.send({ _ct: "hello", v: 1 });
    expect(await person.event()).toMatchObject({ code: "hello_too_late" });
    expect(guests.size).toBe(0);
  });

  it("WIRE-11 speaks a version of the wire that the server knows, whatever its own", async () => {
    const { port } = await start();
    const person = await arrive(port);
    person.send({ _ct: "hello", v: 99 });
    expect(await person.event()).toMatchObject({ _et: "login_successful", v: 1, u: person.name });
  });
});

describe("what is written down", () => {
  it("WIRE-11 is nothing of who said neither hello nor a key", async () => {
    const { directory, guests, names } = openDirectory();
    const { port, stop } = await startMemoryServer({ directory });
    closings.push(stop);
    const person = await arrive(port);
    await person.join("rust");
    person.send({ _ct: "send_message", r: "rust", c: "hi" });
    await person.heard({ _et: "user_message" });
    person.send({ _ct: "history", r: "rust" });
    await person.heard({ _et: "history" });
    person.send({ _ct: "quit" });
    await person.closed();
    expect([guests.size, names.size]).toEqual([0, 0]);
  });

  it.each([
    ["a hello", { _ct: "hello", v: 1 }],
    ["a message with a key", { _ct: "send_message", r: "rust", c: "hi", k: "k" }],
  ])("WIRE-11 comes before the first answer to %s, and what follows waits", async (_, command) => {
    const { directory, guests } = openDirectory();
    const { port } = await start({ directory });
    const person = await arrive(port);
    if (command._ct !== "hello") await person.join("rust");
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let saving = (): void => undefined;
    const started = new Promise<void>((resolve) => {
      saving = resolve;
    });
    directory.beforeSave = () => {
      saving();
      return held;
    };
    person.send(command);
    person.send({ _ct: "leave_room", r: "nowhere" });
    await started;
    // Another session's answers come, this one's do not.
    const other = await arrive(port);
    await other.quiet();
    expect(guests.size).toBe(0);
    expect(person.waitingLines).toBe(0);
    release();
    const answers = [await person.event(), await person.event()];
    expect(guests.size).toBe(1);
    const wanted = command._ct === "hello" ? "login_successful" : "ack";
    expect(answers.map(({ code, _et }) => code ?? _et).sort()).toEqual([wanted, "unknown_room"].sort());
  });

  it("WIRE-11 is the hash of the session and never the session", async () => {
    const place = folder("hash");
    const server = await startLocalServer({ folder: place.path });
    const person = await arrive(server.port);
    await hello(person);
    await person.join("rust");
    person.send({ _ct: "send_message", r: "rust", c: "hi", k: "k" });
    await person.heard({ _et: "user_message" });
    await server.stop();
    const files = readdirSync(place.path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const bytes = files.map((entry) => readFileSync(join(entry.parentPath, entry.name)));
    expect(bytes.some((file) => file.includes(person.name))).toBe(true);
    expect(bytes.some((file) => file.includes(person.session))).toBe(false);
  });

  it.each(["hello", "send_message"])(
    "CMD-5 WIRE-11 where it can't be, %s is refused and may be tried again",
    async (name) => {
      const { directory } = openDirectory();
      const { port } = await start({ directory });
      const person = await arrive(port);
      if (name !== "hello") await person.join("rust");
      const command = name === "hello" ? { _ct: name, v: 1 } : { _ct: name, r: "rust", c: "hi", k: "k" };
      directory.beforeSave = () => Promise.reject(new Error("the disk is full"));
      person.send(command);
      expect(await person.event()).toMatchObject({ code: name === "hello" ? "unavailable" : "not_sent" });
      expect(await person.quiet()).toEqual([]);
      directory.beforeSave = undefined;
      person.send(command);
      expect(await person.event()).toMatchObject({ _et: name === "hello" ? "login_successful" : "ack" });
    },
  );
});
