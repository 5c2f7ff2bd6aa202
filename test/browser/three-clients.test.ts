/**
 * A browser, a terminal client and an `nc` session talk in one room through a `kill -9` of the server: each shows every
 * message once, in one order. Needs `dist/`, a Chromium, tmux and nc.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openWindow, useBrowser } from "../support/browser.ts";
import { isInstalled, type Program, startProgram } from "../support/programs.ts";
import { PROJECT_ROOT } from "../support/project-files.ts";
import { type SpawnedServer, startServer } from "../support/spawned-server.ts";
import { TmuxTerminal } from "../support/tmux.ts";
import { until } from "../support/until.ts";

const WITHIN_MS = 30_000;
const ROOM = "general";
/** What all of them say looks so. */
const SAID = /from the (?:browser|terminal|line) \d/g;

const browser = useBrowser();
const folder = mkdtempSync(join(tmpdir(), "verbatim-three-"));
const ends: (() => Promise<unknown>)[] = [];
let server: SpawnedServer;

beforeAll(async () => {
  server = await startServer({ dataDir: join(folder, "data") });
});

afterAll(async () => {
  for (const end of ends) await end();
  await server.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** What an `nc` session was told in the room: `seq text`, as it came. */
function heardBy({ output }: Program): readonly { readonly seq: number; readonly text: string }[] {
  const events = output()
    .split("\r\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  return events.filter(({ _et }) => _et === "user_message").map(({ q, c }) => ({ seq: Number(q), text: String(c) }));
}

/** Opens an `nc` session, as a guest who may come back. */
async function line(port: number, session: string | undefined, after: number): Promise<Program> {
  const nc = startProgram("nc", ["127.0.0.1", String(port)], { cwd: folder, env: {} });
  ends.push(() => nc.end("SIGKILL"));
  nc.write(`${JSON.stringify({ _ct: "hello", v: 1, s: session })}\n`);
  nc.write(`${JSON.stringify({ _ct: "join_room", r: ROOM, after })}\n`);
  await nc.printed(/"caught_up"/, WITHIN_MS);
  return nc;
}

const say = (nc: Program, c: string, k: string): void =>
  nc.write(`${JSON.stringify({ _ct: "send_message", r: ROOM, c, k })}\n`);

async function sayInBrowser(page: Page, text: string): Promise<void> {
  const field = page.getByRole("textbox", { name: /^Message / });
  await field.fill(text);
  await field.press("Enter");
}

function sayInTerminal(terminal: TmuxTerminal, text: string): void {
  terminal.type(text);
  terminal.press("Enter");
}

it("TUI-3 WEB-2 SDK-1 SDK-2 a browser, a terminal and nc talk through kill -9: each shows every message once, in one order", {
  timeout: 120_000,
}, async (context) => {
  if (!isInstalled("tmux")) context.skip("tmux is not installed");
  if (!isInstalled("nc")) context.skip("nc is not installed");
  const { tcpPort, httpPort } = server;
  const origin = `http://localhost:${httpPort}`;

  const { page, oddities } = await openWindow(browser(), origin);
  const account = await page.context().request.post("/users", { form: { username: "Browser" } });
  const { user_id: value } = (await account.json()) as { user_id: string };
  await page.context().addCookies([{ name: "user_id", value, url: origin }]);
  await page.goto(`/ui/chats/${ROOM}`);
  await page.getByRole("textbox", { name: /^Message / }).waitFor();

  const command = [process.execPath, `${PROJECT_ROOT}dist/bin.js`, "tui", `127.0.0.1:${tcpPort}`, "--room", ROOM];
  const terminal = TmuxTerminal.start(command, { columns: 100, rows: 40 });
  ends.push(async () => terminal.end());
  await terminal.shows(/\d here/);

  const before = await line(tcpPort, undefined, 0);
  const session = /"s":"([^"]+)"/.exec(before.output())?.[1];

  await sayInBrowser(page, "from the browser 1");
  sayInTerminal(terminal, "from the terminal 1");
  say(before, "from the line 1", "1");
  await terminal.shows(/line 1/);
  await page.getByText("from the line 1").last().waitFor();
  await before.printed(/from the terminal 1/, WITHIN_MS);

  // All three speak in the moment in which the server dies, and after it; whoever types into nc types that again.
  say(before, "from the line 2", "2");
  sayInTerminal(terminal, "from the terminal 2");
  const saying = sayInBrowser(page, "from the browser 2");
  await server.kill("SIGKILL");
  await saying;
  await terminal.shows(/connection lost/);
  sayInTerminal(terminal, "from the terminal 3");
  await sayInBrowser(page, "from the browser 3");
  // What nc prints after this look is asked for once more.
  const heard = heardBy(before);
  const last = heard.at(-1)?.seq ?? 0;

  const args = ["--tcp", `127.0.0.1:${tcpPort}`, "--http", `127.0.0.1:${httpPort}`];
  server = await startServer({ dataDir: join(folder, "data"), args });
  const after = await line(tcpPort, session, last);
  say(after, "from the line 2", "2");
  say(after, "from the line 3", "3");

  const wanted = ["browser", "terminal", "line"].flatMap((who) =>
    [1, 2, 3].map((number) => `from the ${who} ${number}`),
  );
  const views = async (): Promise<Readonly<Record<string, readonly string[]>>> => ({
    line: [...heard, ...heardBy(after)].map(({ text }) => text),
    browser: (await page.getByRole("article").allTextContents()).flatMap((text) => text.match(SAID) ?? []),
    terminal: terminal.screen().match(SAID) ?? [],
  });
  let seen: Awaited<ReturnType<typeof views>> = {};
  await until(
    WITHIN_MS,
    () => `all to show all in one order; they show ${JSON.stringify(seen, undefined, 1)}`,
    async () => {
      seen = await views();
      const [line = [], ...others] = Object.values(seen);
      // A screen may be looked at while it is being drawn, and then has an old row beside a new one.
      const isSame = others.every((texts) => texts.join() === line.join());
      return (isSame && line.length >= wanted.length) || undefined;
    },
  );
  const order = seen["line"] ?? [];
  expect([...order].sort()).toEqual([...wanted].sort());
  expect(seen).toEqual({ line: order, browser: order, terminal: order });
  const seqs = [...heard, ...heardBy(after)].map(({ seq }) => seq);
  expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
  // A connection that was refused is told by the browser itself, and is what this is about.
  expect(oddities.filter((text) => !/ERR_CONNECTION_REFUSED|WebSocket connection/.test(text))).toEqual([]);
});
