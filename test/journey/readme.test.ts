/**
 * The README works as it stands: its commands are run on a clean copy of the checkout, two people chat through `nc` and
 * two through `curl` and a WebSocket with the lines that it shows, and what it says to start for others is right. Only
 * ports are changed, for the machine may use the usual ones.
 */
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { banner } from "../../src/cli/banner.ts";
import { makeConfig } from "../../src/server/config/make-config.ts";
import { makeCertificate } from "../support/certificate.ts";
import { cleanCheckout } from "../support/clean-checkout.ts";
import { isLong } from "../support/faults-run.ts";
import { sectionOf, shellBlocks } from "../support/papers.ts";
import type { Program } from "../support/programs.ts";
import { isInstalled, runProgram, startProgram } from "../support/programs.ts";
import { PROJECT_ROOT, readProjectFile } from "../support/project-files.ts";
import { until } from "../support/until.ts";

const INSTALL_WITHIN_MS = 180_000;
/** It builds first: compiler and bundler, on a machine that does other things too. */
const START_WITHIN_MS = 180_000;
const ANSWER_WITHIN_MS = 60_000;

/** Free ports instead of the usual ones. */
const FREE_PORTS = { VERBATIM_TCP: "127.0.0.1:0", VERBATIM_HTTP: "127.0.0.1:0" };

/** The lines of the README's code blocks of one language under one heading, block by block. */
function codeBlocks(heading: string, language: string): readonly (readonly string[])[] {
  const section = readProjectFile("README.md")
    .split(/^## /m)
    .find((text) => text.startsWith(`${heading}\n`));
  const blocks = [...(section ?? "").matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)];
  return blocks.filter(([, tag]) => tag === language).map(([, , text = ""]) => text.trimEnd().split("\n"));
}

const [commands = []] = codeBlocks("Run it", "sh");
const [[connect = ""] = []] = codeBlocks("Talk to it over TCP", "sh");
const [greeting = [], talk = [], resume = []] = codeBlocks("Talk to it over TCP", "json");
const [people = "", listen = "", post = ""] = shellBlocks(sectionOf(readProjectFile("README.md"), "Over HTTP"));
/** What is run for others, each on one line. */
const serving = shellBlocks(sectionOf(readProjectFile("README.md"), "Let others in").replace(/^ {3}/gm, ""))
  .flatMap((block) => block.replace(/\\\n/g, "").split("\n"))
  .filter((line) => line.startsWith("verbatim serve "));

it("shows two commands to run, one to connect, and what to type", () => {
  expect(commands).toEqual(["npm ci", "npm start"]);
  expect(connect).toBe("nc 127.0.0.1 8080");
  expect(greeting).toHaveLength(1);
  expect(talk).toHaveLength(2);
  expect(resume).toHaveLength(2);
});

it("shows what a person sees when the server is up", () => {
  const shown = /^```\n(Verbatim [\s\S]*?)^```$/m.exec(readProjectFile("README.md"))?.[1];
  const folder = "/srv/verbatim";
  const shippedRooms = `${folder}/resources/rooms.json`;
  const { config } = makeConfig({ flags: new Map(), env: new Map(), file: undefined, folder, shippedRooms });
  const started = {
    ...{ version: "0.1.0", config, rooms: 24, node: "1", partitions: 1 },
    ...{ tcp: config.tcp, http: config.http, ops: config.ops, sessionsMax: 20_000, openFiles: 65_536 },
  };
  expect(shown?.trim()).toBe(banner(started, "node dist/bin.js").trim());
});

/** The messages in what a `nc` printed, as `seq text`. */
function messages(session: Program): readonly string[] {
  const lines = session.output().split("\r\n").slice(0, -1);
  const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return events.filter(({ _et }) => _et === "user_message").map(({ q, c }) => `${q} ${c}`);
}

/** Types lines into a session, each after the one before was carried out by the server. */
async function type(session: Program, lines: readonly string[]): Promise<void> {
  for (const line of lines) {
    const before = session.output().length;
    session.write(`${line}\n`);
    await until(
      ANSWER_WITHIN_MS,
      () => `an answer to ${line}`,
      () => session.output().length > before || undefined,
    );
  }
}

/** Whoever runs the gate has installed a moment ago: it takes what is there. The long run installs, both ways. */
const INSTALLS = isLong
  ? [
      { suffix: "", installs: true },
      { suffix: " --ignore-scripts", installs: true },
    ]
  : [{ suffix: "", installs: false }];

describe.each(INSTALLS)("the commands of the README$suffix, on a clean checkout", ({ suffix, installs }) => {
  const checkout = cleanCheckout("readme");
  const programs: Program[] = [];
  const start = (line: string, env: Record<string, string>): Program => {
    const program = startProgram("sh", ["-c", line], { cwd: checkout.path, env });
    programs.push(program);
    return program;
  };

  let server: Program;
  let port = "";
  let httpPort = "";

  beforeAll(async () => {
    const [install = "", serve = ""] = commands;
    if (installs) {
      const options = { cwd: checkout.path, env: {}, withinMs: INSTALL_WITHIN_MS };
      await runProgram("sh", ["-c", install + suffix], options);
    } else {
      symlinkSync(`${PROJECT_ROOT}node_modules`, join(checkout.path, "node_modules"));
    }
    server = start(serve + suffix, FREE_PORTS);
    const listening = await server.printed(/"tcp":"127\.0\.0\.1:(\d+)"/, START_WITHIN_MS);
    port = listening[1] ?? "";
    httpPort = /"http":"127\.0\.0\.1:(\d+)"/.exec(listening.input)?.[1] ?? "";
  }, INSTALL_WITHIN_MS + START_WITHIN_MS);

  afterAll(async () => {
    await Promise.allSettled(programs.map((program) => program.end("SIGKILL")));
    checkout.remove();
  });

  it("lets two people chat, come back, and read what they missed", async (context) => {
    if (!isInstalled("nc")) context.skip("nc is not installed");
    const command = connect.replace("8080", port);
    const people = [start(command, {}), start(command, {})] as const;
    for (const person of people) {
      const [hello] = await person.printed(/^\{.*\}\r\n/, ANSWER_WITHIN_MS);
      // As the README shows it, but for who one is and what the rooms are about.
      const names = (line: string): readonly string[] => Object.keys(JSON.parse(line) as object);
      expect(names(hello)).toEqual(names((greeting[0] ?? "").replace(",…", "")));
    }
    const [join = "", say = ""] = talk;
    for (const person of people) await type(person, [join]);
    for (const person of people) await type(person, [say]);
    for (const person of people) {
      await until(
        ANSWER_WITHIN_MS,
        () => `two messages in ${person.output()}`,
        () => messages(person).length === 2 || undefined,
      );
      expect(messages(person)).toEqual(["1 hello", "2 hello"]);
    }

    const returned = start(command, {});
    await returned.printed(/login_successful/, ANSWER_WITHIN_MS);
    await type(returned, resume);
    await returned.printed(/"caught_up","r":"general","q":2/, ANSWER_WITHIN_MS);
    expect(messages(returned)).toEqual(["2 hello"]);
  });

  it("HTTP-1 WS-2 lets two people talk by curl and a WebSocket", async (context) => {
    if (!isInstalled("curl")) context.skip("curl is not installed");
    const here = (script: string): string => script.replaceAll("localhost:8000", `localhost:${httpPort}`);
    const options = { cwd: checkout.path, withinMs: ANSWER_WITHIN_MS };
    const tell = 'echo "$ALICE $BOB $CHAT"\n';
    const said = await runProgram("sh", ["-c", `set -e\n${here(people)}${tell}`], { ...options, env: {} });
    const [ALICE = "", BOB = "", CHAT = ""] = said.trim().split(" ");
    const env = { ALICE, BOB, CHAT };
    expect(listen).toMatch(/ &\n$/);
    const bob = start(here(listen.replace(/ &\n$/, "\n")), env);
    await until(
      ANSWER_WITHIN_MS,
      () => `a WebSocket: ${bob.output()}`,
      async () => {
        const metrics = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
        return metrics.includes("\nactive_websocket_users 1\n") || undefined;
      },
    );
    const read = await runProgram("sh", ["-c", `set -e\n${here(post)}`], { ...options, env });
    expect(read).toContain('"content":"hi Bob"');
    expect(read).toMatch(/\[\{"chat_id":[^\]]*"content":"hi Bob"[^\]]*\}\]/);
    await bob.printed(/^\{"_et":"user_message",.*"u":"Alice","c":"hi Bob",.*\}$/m, ANSWER_WITHIN_MS);
  });

  it("can be started for others as it says", async () => {
    expect(serving).toHaveLength(2);
    const { cert, key } = makeCertificate();
    writeFileSync(join(checkout.path, "chain.pem"), cert);
    writeFileSync(join(checkout.path, "key.pem"), key);
    for (const line of serving) {
      const command = `node dist/bin.js ${line.replace(/^verbatim /, "")} --check-config`;
      const options = { cwd: checkout.path, env: {}, withinMs: START_WITHIN_MS };
      expect(await runProgram("sh", ["-c", command], options)).toMatch(/the configuration is right; 24 rooms/);
    }
  });

  it("STOP-1 stops on SIGTERM, and what npm started is gone", async () => {
    await server.end("SIGTERM");
    await server.printed(/"msg":"stopped"/, ANSWER_WITHIN_MS);
  });
});
