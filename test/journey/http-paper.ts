/**
 * docs/http.md works as it stands: its lines of shell are run, in their order and in one shell, against the server; those
 * that listen in another terminal run beside, at the other node where there are two. Only the port is changed. Needs `dist/` and `curl`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { JourneyPlace, JourneyServers } from "../support/journey-place.ts";
import { sectionOf, shellBlocks } from "../support/papers.ts";
import { isInstalled, type Program, runProgram, startProgram } from "../support/programs.ts";
import { PROJECT_ROOT, readProjectFile } from "../support/project-files.ts";
import { runVerbatim } from "../support/spawned-server.ts";
import { until } from "../support/until.ts";

const BIN = fileURLToPath(new URL("../../dist/bin.js", import.meta.url));
const WITHIN_MS = 60_000;
const ANSWER_WITHIN_MS = 30_000;

const paper = readProjectFile("docs/http.md");
const modes = sectionOf(paper, "Who you are");
const isListening = (block: string): boolean => /^(curl -sN|node -e) /.test(block);
const isCurl = (block: string): boolean => block.includes("curl ");

/** What a shell needs that has no `verbatim`, and must stop at the first answer that is none. */
const PRELUDE = `set -eu
verbatim() { node '${BIN}' "$@" 2> /dev/null; }
curl() { command curl -sS --fail-with-body --max-time 20 "$@"; echo; }
`;

/** The journey. */
export function httpPaper(place: JourneyPlace): void {
  let folder = "";
  const servers: JourneyServers[] = [];
  const programs: Program[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "verbatim-http-paper-"));
    await place.prepare(join(folder, "data"));
  }, place.timeoutMs(1));

  afterEach(async () => {
    for (const program of programs.splice(0)) await program.end("SIGKILL");
    for (const server of servers.splice(0)) await server.kill("SIGKILL");
    await place.remove();
    await rm(folder, { recursive: true, force: true });
  }, place.timeoutMs(1));

  async function start(...args: string[]): Promise<JourneyServers> {
    const started = await place.start(join(folder, "data"), args);
    servers.push(started);
    return started;
  }

  /** Runs blocks of the paper and gives what they printed. */
  async function run(blocks: readonly string[], port: number, end = ""): Promise<string> {
    const script = (PRELUDE + blocks.join("") + end).replaceAll("localhost:8000", `localhost:${port}`);
    const options = { cwd: folder, env: place.env(join(folder, "data")), withinMs: WITHIN_MS };
    return await runProgram("sh", ["-c", script], options);
  }

  /** Runs a block that listens, with the variables of the others. */
  function listen(block: string | undefined, port: number, env: Readonly<Record<string, string>>): Program {
    const script = `exec ${(block ?? "").replaceAll("localhost:8000", `localhost:${port}`)}`;
    const program = startProgram("sh", ["-c", script], { cwd: PROJECT_ROOT, env });
    programs.push(program);
    return program;
  }

  /** The JSON objects among lines, each as text. */
  const objects = (output: string): string[] => output.split("\n").filter((line) => line.startsWith("{"));

  describe.skipIf(!isInstalled("curl"))(`docs/http.md${isInstalled("curl") ? "" : ": there is no curl"}`, () => {
    it("HTTP-1 HTTP-3 HTTP-4 HTTP-5 WS-2 its lines work as they stand, in open mode", {
      timeout: place.timeoutMs(1) + WITHIN_MS,
    }, async () => {
      const started = await start();
      const port = started.one.httpPort ?? 0;
      const otherPort = started.other.httpPort ?? 0;
      const all = shellBlocks(paper.replace(modes, "")).filter(isCurl);
      const listening = shellBlocks(paper.replace(modes, "")).filter(isListening);
      expect([all.length > 8, listening.length]).toEqual([true, 3]);
      const end = 'echo "ALICE=$ALICE BOB=$BOB CHAT=$CHAT"\n';
      const output = await run(
        all.filter((block) => !isListening(block)),
        port,
        end,
      );
      const [, ALICE = "", BOB = "", CHAT = ""] = /^ALICE=(\S+) BOB=(\S+) CHAT=(\S+)$/m.exec(output) ?? [];
      for (const id of [ALICE, BOB, CHAT]) expect(id).toMatch(/^[0-9a-f-]{36}$/);

      const posts = objects(output).filter((line) => line.startsWith('{"message_id"'));
      expect(posts[0]).toContain('"content":"hi Bob"');
      const once = posts.filter((line) => line.includes('"content":"once"'));
      expect(once).toHaveLength(2);
      expect(once[0]).toBe(once[1]);
      const [history = ""] = output.split("\n").filter((line) => line.startsWith('[{"chat_id"'));
      expect(JSON.parse(history)).toMatchObject([{ content: "hi Alice" }, { content: "hi Bob" }]);
      expect(output).toMatch(/^link: <\/chats\/\S+\?before=\d+&limit=1>; rel="next"\r$/im);
      expect(output).toMatch(/^set-cookie: user_id=\S+; Path=\/; HttpOnly; SameSite=Lax\r$/im);
      expect(output).toMatch(/^chat_messages_posted_total \d+$/m);
      expect(output).toContain("no cookie, but a name");

      const variables = { ALICE, BOB, CHAT };
      const [fromBegin, webSocket, resumed] = listening.map((block) => listen(block, otherPort, variables));
      await fromBegin?.printed(/^id: 1\ndata: .*"room_created"[\s\S]*^id: 2\ndata: .*"c":"hi Bob"/m, ANSWER_WITHIN_MS);
      await resumed?.printed(/^id: 3\ndata: .*"c":"hi Alice"/m, ANSWER_WITHIN_MS);
      expect(resumed?.output()).not.toContain("hi Bob");
      await until(
        ANSWER_WITHIN_MS,
        () => `a WebSocket: ${webSocket?.output()}`,
        async () => (await started.metric("active_websocket_users")) === 1 || undefined,
      );
      await run([`curl localhost:8000/chats/${CHAT}/messages -b user_id=${ALICE} -d content=live`], port);
      await webSocket?.printed(
        /^\{"_et":"user_message","r":"[^"]+","u":"Alice","c":"live",[^\n]*\}$/m,
        ANSWER_WITHIN_MS,
      );
      expect(webSocket?.output().trimEnd().split("\n")).toHaveLength(1);
    });

    it("HTTP-1 AUTH-2 its lines work as they stand, with passwords", {
      timeout: place.timeoutMs(1) + WITHIN_MS,
    }, async () => {
      const [setUp = "", ...blocks] = shellBlocks(modes);
      expect(setUp).toMatch(/^verbatim user add Alice --admin\nverbatim serve --auth password --sign-up invite\n$/);
      const password = "echo 'correct horse battery' | verbatim user add Alice --admin --password-stdin\n";
      expect(await run([password], 0)).toMatch(/^made the admin Alice/);
      const { one } = await start(...(setUp.match(/--auth.*$/m)?.[0].split(" ") ?? []));
      const port = one.httpPort ?? 0;
      const output = await run(blocks, port);
      expect(output.match(/"is_admin":true/g)).toHaveLength(2);
      expect(output).toMatch(/^\{"room_id":"[^"]+","type":"user",.*\}$/m);
      const { stdout } = await runVerbatim(["token", "list", "Alice"], place.env(join(folder, "data")));
      // They ended with the old password.
      expect(stdout).toBe("");
    });
  });
}
