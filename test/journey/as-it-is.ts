/**
 * The calls of the older server as people and scripts make them: with `curl`, one by one, and by a load script that knows
 * nothing else, against the real program in open mode. Bob and those who listen are at the other node where there are
 * two. Needs `dist/`.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isLong } from "../support/faults-run.ts";
import type { JourneyPlace, JourneyServers } from "../support/journey-place.ts";
import { isInstalled, runProgram } from "../support/programs.ts";
import { until } from "../support/until.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const SCRIPT = fileURLToPath(new URL("../support/load-script.mjs", import.meta.url));

/** What `curl` got. */
interface CurlAnswer {
  readonly status: number;
  readonly location: string | undefined;
  readonly cookie: string | undefined;
  readonly type: string | undefined;
  readonly body: string;
}

/** What the load script prints. */
interface LoadReport {
  readonly chat: string;
  readonly sent: number;
  readonly accepted: number;
  readonly perSecond: number;
  readonly frames: readonly number[];
  readonly different: number;
  readonly inOneOrder: boolean;
}

/** The journey. */
export function asItIs(place: JourneyPlace): void {
  let folder = "";
  let servers: JourneyServers;
  let addresses: JourneyServers["addresses"];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "verbatim-as-it-is-"));
    servers = await place.start(join(folder, "data"));
    addresses = servers.addresses;
  }, place.timeoutMs(1));

  afterAll(async () => {
    for (const exit of await servers.kill("SIGTERM")) expect(exit).toEqual({ code: 0, signal: null });
    await place.remove();
    await rm(folder, { recursive: true, force: true });
  }, place.timeoutMs(1));

  describe("every call, by curl", () => {
    beforeEach(({ skip }) => {
      if (!isInstalled("curl")) skip("curl is not installed");
    });

    const ids: Record<string, string> = {};

    /** Runs a line of `curl` as somebody types it, in a shell, in the folder where the jars of cookies are. */
    function shell(line: string): Promise<string> {
      const written = line.replace(/\$(\w+)/g, (name, key: string) => ids[key] ?? name);
      const address = /\bBob\.jar\b/.test(line) ? addresses.other : addresses.one;
      return runProgram("sh", ["-c", `curl -s ${address}${written}`], { cwd: folder, env: {}, withinMs: 60_000 });
    }

    /** Does it once more where a node stood still and says that it can't for the moment. */
    async function curl(line: string): Promise<CurlAnswer> {
      return await until(
        30_000,
        () => `an answer to ${line}`,
        async () => {
          const answer = await curlOnce(line);
          return answer.status === 503 && /"code":"unavailable"/.test(answer.body) ? undefined : answer;
        },
      );
    }

    async function curlOnce(line: string): Promise<CurlAnswer> {
      const output = await shell(`${line} -i`);
      const [head = "", ...rest] = output.split("\r\n\r\n");
      const header = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, "im").exec(head)?.[1]?.trim();
      return {
        status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]),
        location: header("location"),
        cookie: header("set-cookie"),
        type: header("content-type"),
        body: rest.join("\r\n\r\n"),
      };
    }

    it("HTTP-1 POST /users, GET /users/{user_id}", async () => {
      for (const name of ["Alice", "Bob"]) {
        const { status, body } = await curl(`/users -d username=${name}`);
        expect(status).toBe(201);
        const user = JSON.parse(body);
        const times = { created_at: expect.stringMatching(TIME), updated_at: expect.stringMatching(TIME) };
        expect(user).toEqual({ user_id: expect.stringMatching(UUID), username: name, ...times });
        ids[name.toUpperCase()] = user.user_id;
        expect(await curl(`/users/${user.user_id}`)).toMatchObject({ status: 200, body });
      }
      expect((await curl("/users -d username=Alice")).status).toBe(409);
      expect((await curl("/users -H 'content-type: application/json' -d '{\"username\":\"Jason\"}'")).status).toBe(201);
    });

    it("HTTP-1 POST /login, /, /dashboard", async () => {
      expect(await curl("/")).toMatchObject({ status: 200, type: expect.stringContaining("text/html") });
      expect(await curl("/dashboard")).toMatchObject({ status: 303, location: "/" });
      for (const name of ["Alice", "Bob"]) {
        const { status, location, cookie } = await curl(`/login -c ${name}.jar -d username=${name}`);
        expect([status, location]).toEqual([303, "/"]);
        expect(cookie).toBe(`user_id=${ids[name.toUpperCase()]}; Path=/; HttpOnly; SameSite=Lax`);
        expect(await readFile(join(folder, `${name}.jar`), "utf8")).toContain(`user_id\t${ids[name.toUpperCase()]}`);
      }
      expect(await curl("/ -b Alice.jar")).toMatchObject({ status: 303, location: "/dashboard" });
      expect((await curl("/dashboard -b Alice.jar")).status).toBe(200);
      // As a browser goes: from one redirect to the next.
      const end = "-o page.html -w '%{http_code} %{url_effective}'";
      expect(await shell(`/login -L -b Alice.jar -c Alice.jar -d username=Alice ${end}`)).toBe(
        `200 ${addresses.one}/dashboard`,
      );
    });

    it("HTTP-1 POST /chats, GET /chats/{chat_id}, GET /ui/chats/{chat_id}", async () => {
      const made = await curl("/chats -b Alice.jar -d name=Tea -d members=$BOB -d members=$ALICE");
      expect(made.status).toBe(201);
      expect(JSON.parse(made.body)).toEqual({
        chat_id: expect.stringMatching(UUID),
        members: [ids["BOB"], ids["ALICE"]],
        name: "Tea",
        created_at: expect.stringMatching(TIME),
      });
      ids["CHAT"] = JSON.parse(made.body).chat_id;
      expect(await curl("/chats/$CHAT")).toMatchObject({ status: 200, body: made.body });
      expect(await curl("/chats/$CHAT -b Bob.jar")).toMatchObject({ status: 200, body: made.body });
      const added = await curl("/chats -b Alice.jar -d name=More -d members=$BOB");
      expect(JSON.parse(added.body).members).toEqual([ids["BOB"], ids["ALICE"]]);
      const nobody = await curl("/chats -d name=Nobody -d members=$BOB -d members=$ALICE");
      expect([nobody.status, JSON.parse(nobody.body).members]).toEqual([201, [ids["BOB"], ids["ALICE"]]]);
      const page = await curl("/ui/chats/$CHAT -b Bob.jar");
      expect([page.status, page.type]).toEqual([200, "text/html; charset=utf-8"]);
      expect(page.body).toContain("Tea");
    });

    it("HTTP-1 POST /chats/{chat_id}/messages, GET /chats/{chat_id}/messages", async () => {
      expect((await curl("/chats/$CHAT/messages -b Alice.jar -d content=hi")).status).toBe(200);
      const text = "--data-urlencode 'content=and \"you\"? ä + 🙂'";
      expect((await curl(`/chats/$CHAT/messages -b Bob.jar ${text}`)).status).toBe(200);
      expect((await curl("/chats/$CHAT/messages -d sender_id=$BOB -d content=named")).status).toBe(200);
      expect((await curl("/chats/$CHAT/messages -d content=nobody")).status).toBe(401);
      const { status, body } = await curl("/chats/$CHAT/messages");
      expect(status).toBe(200);
      const messages = JSON.parse(body) as readonly Record<string, unknown>[];
      expect(messages.map((message) => Object.keys(message).slice(0, 4).join())).toEqual(
        Array(3).fill("chat_id,sender_id,content,message_id"),
      );
      expect(messages).toEqual(
        [
          { sender_id: ids["BOB"], content: "named" },
          { sender_id: ids["BOB"], content: 'and "you"? ä + 🙂' },
          { sender_id: ids["ALICE"], content: "hi" },
        ].map((message) =>
          expect.objectContaining({ ...message, chat_id: ids["CHAT"], message_id: expect.stringMatching(UUID) }),
        ),
      );
    });

    it("HTTP-1 GET /ws/connect/{user_id} becomes a WebSocket, and only that", async () => {
      expect((await curl("/ws/connect/$ALICE")).status).toBe(400);
    });

    it("HTTP-1 GET /metrics", async () => {
      expect((await curl("/metrics")).status).toBe(200);
      // A node may hear its own record before the broker has confirmed it, which is what is counted.
      await expect.poll(() => servers.metric("chat_messages_posted_total")).toBe(3);
    });

    it("HTTP-1 GET /logout", async () => {
      const { status, location } = await curl("/logout -b Bob.jar -c Bob.jar");
      expect([status, location]).toEqual([303, "/"]);
      expect(await readFile(join(folder, "Bob.jar"), "utf8")).not.toContain("user_id");
      expect(await curl("/dashboard -b Bob.jar")).toMatchObject({ status: 303, location: "/" });
    });
  });

  describe("a load script that knows only these calls", () => {
    it.for(isLong ? [1_000, 10_000] : [1_000])(
      "HTTP-1 WS-2 gets all of %s posts a second, once and in one order",
      { timeout: 240_000 },
      async (rate, { annotate }) => {
        const seconds = 3;
        const own = await place.start(join(folder, `data-${rate}`));
        const { one, other } = own.addresses;
        const args = [SCRIPT, one, String(rate), String(seconds), other];
        const output = await runProgram(process.execPath, args, { cwd: folder, env: {}, withinMs: 200_000 });
        const report = JSON.parse(output) as LoadReport;
        const total = rate * seconds;
        expect(report).toMatchObject({ sent: total, accepted: total, different: total, inOneOrder: true });
        expect(report.frames).toEqual(Array(10).fill(total));
        const newest = (await (await fetch(`${one}/chats/${report.chat}/messages`)).json()) as readonly unknown[];
        expect(newest).toHaveLength(1000);
        await until(
          10_000,
          () => "the store to have all",
          async () =>
            ((await own.metric("chat_messages_posted_total")) >= total && (await own.metric("consumer_lag")) === 0) ||
            undefined,
        );
        expect(await own.metric("chat_messages_posted_total")).toBe(total);
        await annotate(`${report.perSecond} posts/s of ${rate}`);
        for (const exit of await own.kill("SIGTERM")) expect(exit).toEqual({ code: 0, signal: null });
      },
    );
  });
}
