/** `verbatim send` and `verbatim tail` as scripts use them: arguments, pipes, exit codes. Needs `dist/`. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type FinishedRun,
  runVerbatim,
  type SpawnedServer,
  spawnVerbatim,
  startServer,
} from "../support/spawned-server.ts";
import { until } from "../support/until.ts";

const WITHIN_MS = 20_000;
const LINES = 1000;

describe("verbatim send and verbatim tail", () => {
  let folder = "";
  let server: SpawnedServer;
  let at: readonly string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "verbatim-send-"));
    server = await startServer({ dataDir: join(folder, "data") });
    at = ["--server", `127.0.0.1:${server.tcpPort}`];
  });

  afterAll(async () => {
    await server.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs `verbatim send` with this on its standard input. */
  async function piped(args: readonly string[], input: string | Uint8Array): Promise<FinishedRun> {
    const run = spawnVerbatim(["send", ...args, ...at], {}, "pipe");
    run.child.stdin?.end(input);
    return { ...(await run.exited), stdout: run.stdout(), stderr: run.stderr() };
  }

  const tail = (room: string, ...args: readonly string[]): Promise<FinishedRun> =>
    runVerbatim(["tail", room, "--no-follow", ...args, ...at]);

  const texts = ({ stdout }: FinishedRun): unknown[] =>
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { text: unknown }).text);

  it("CLI-1 say one thing, and read it", async () => {
    expect(await runVerbatim(["send", "go", "one thing", ...at])).toMatchObject({ code: 0, stdout: "", stderr: "" });
    const { stdout, code } = await tail("go");
    expect(stdout).toMatch(/^\d{4}-\d\d-\d\dT\S+Z 1 \S{5}: one thing\n$/);
    expect(code).toBe(0);
  });

  it("CLI-1 say every line of a pipe once, in its order, and read them from a number on", async () => {
    const lines = Array.from({ length: LINES }, (_, number) => `line ${number} é 日本`);
    // Its end has no newline, its lines have two sorts, and there are empty ones.
    const { code, stderr } = await piped(["rust"], `${lines.join("\r\n")}\n\n\nlast`);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(texts(await tail("rust", "--after", "0", "--json"))).toEqual([...lines, "last"]);
    expect(texts(await tail("rust", "--after", "999", "--json"))).toEqual(["line 999 é 日本", "last"]);
    expect(texts(await tail("rust", "--last", "3", "--json"))).toHaveLength(3);
  });

  it("say a whole file as one message, and show it on one line, without what a terminal obeys", async () => {
    const text = "first\nsecond \u001b[2J\u009b31m";
    expect((await piped(["help", "-", "--whole"], `${text}\n`)).code).toBe(0);
    const plain = await tail("help");
    expect(plain.stdout).toContain("first⏎second ␛[2J\ufffd31m\n");
    const json = await tail("help", "--json");
    expect(json.stdout).not.toMatch(/[\u0080-\u009f]/);
    expect(texts(json)).toEqual([text]);
  });

  it("follow a room until they are stopped", async () => {
    const run = spawnVerbatim(["tail", "linux", ...at]);
    await until(
      WITHIN_MS,
      () => "the tail to be in the room",
      async () => {
        await runVerbatim(["send", "linux", "are you there", ...at]);
        return run.stdout().includes("are you there") || undefined;
      },
    );
    await runVerbatim(["send", "linux", "now", ...at]);
    await until(
      WITHIN_MS,
      () => run.stdout(),
      () => run.stdout().includes(": now\n") || undefined,
    );
    run.child.kill("SIGTERM");
    expect((await run.exited).code).toBe(130);
  });

  it("CLI-1 go on through kill -9 of the server: what is said is kept once, what is followed is printed once", async () => {
    const place = { dataDir: join(folder, "killed"), args: ["--http", "off"] };
    let killed = await startServer(place);
    const there = ["--server", `127.0.0.1:${killed.tcpPort}`];
    const following = spawnVerbatim(["tail", "ops", "--after", "0", "--json", ...there]);
    const sending = spawnVerbatim(["send", "ops", ...there], {}, "pipe");
    const printed = (): string[] => following.stdout().split("\n").slice(0, -1);
    try {
      sending.child.stdin?.write("one\ntwo\n");
      await until(
        WITHIN_MS,
        () => `two; ${printed()}`,
        () => printed().length === 2 || undefined,
      );
      await killed.kill("SIGKILL");
      sending.child.stdin?.write("three\n");
      killed = await startServer({ ...place, args: [...place.args, "--tcp", there[1] ?? ""] });
      sending.child.stdin?.end("four\n");
      expect(await sending.exited).toMatchObject({ code: 0 });
      await until(
        WITHIN_MS,
        () => `four; ${printed()}`,
        () => printed().length >= 4 || undefined,
      );
      const records = printed().map((line) => JSON.parse(line) as { seq: number; text: string });
      expect(records.map(({ seq, text }) => `${seq} ${text}`)).toEqual(["1 one", "2 two", "3 three", "4 four"]);
    } finally {
      following.child.kill("SIGKILL");
      sending.child.kill("SIGKILL");
      await killed.kill("SIGKILL");
    }
  });

  it("CLI-1 tell by their exit code what went wrong", async () => {
    expect(await runVerbatim(["send", "nowhere", "hi", ...at])).toMatchObject({ code: 4 });
    expect((await tail("nowhere")).code).toBe(4);
    const nobody = ["--server", "127.0.0.1:1", "--within", "1"];
    const away = await runVerbatim(["send", "go", "hi", ...nobody]);
    expect(away).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/no answer from 127\.0\.0\.1:1 for 1 s.*\n.*1 message not sent/),
    });
    expect((await runVerbatim(["tail", "go", ...nobody])).code).toBe(3);
    const long = await piped(["go", "--whole"], "x".repeat(20_000));
    expect(long).toMatchObject({ code: 4, stderr: expect.stringContaining("message_too_long") });
    expect(await piped(["go"], Buffer.from([0xff, 0x0a]))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("UTF-8"),
    });
    expect(await piped(["go"], "")).toMatchObject({ code: 0, stderr: expect.stringContaining("nothing to send") });
    expect((await runVerbatim(["tail", "go", "--after", "x", ...at])).code).toBe(1);
    expect((await runVerbatim(["tail", "go", "--after", "1", "--last", "1", ...at])).stderr).toContain("either");
  });

  it("sign in with a token from the environment or a file, never from an argument", async () => {
    const url = `http://127.0.0.1:${server.httpPort}/users`;
    const answer = await fetch(url, { method: "POST", body: new URLSearchParams({ username: "Ada" }) });
    const { user_id: token } = (await answer.json()) as { user_id: string };
    await writeFile(join(folder, "token"), `${token}\n`);
    expect((await runVerbatim(["send", "ops", "by environment", ...at], { VERBATIM_TOKEN: token })).code).toBe(0);
    expect((await runVerbatim(["send", "ops", "by file", "--token-file", join(folder, "token"), ...at])).code).toBe(0);
    const { stdout } = await tail("ops");
    expect(stdout).toMatch(/Ada: by environment\n.*Ada: by file\n/);
    const wrong = await runVerbatim(["send", "ops", "no", ...at], { VERBATIM_TOKEN: "wrong" });
    expect(wrong).toMatchObject({ code: 4, stderr: expect.stringContaining("unauthorized") });
    expect((await runVerbatim(["send", "ops", "no", "--token-file", join(folder, "none"), ...at])).code).toBe(1);
    // A server may be started by whoever has a token in their environment.
    const args = ["serve", "--check-config", "--data", join(folder, "other")];
    expect((await runVerbatim(args, { VERBATIM_TOKEN: token })).code).toBe(0);
  });
});
