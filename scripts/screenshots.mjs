/**
 * Pictures of both clients for the README, from the real thing: starts a server of `dist/` with people who talk, opens it
 * in the machine's Chromium and in a terminal of tmux, and writes PNGs.
 *
 *     npm run build && node scripts/screenshots.mjs [FOLDER]
 *
 * FOLDER is docs/img. Wide and narrow, light and dark, each client: eight pictures. Needs Chromium and tmux.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { BIN, serve } from "./serve.mjs";
import { screenHtml } from "./terminal-screen.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = process.argv[2] ?? join(root, "docs/img");
const scratch = mkdtempSync(join(tmpdir(), "verbatim-pictures-"));

/** Who says what, in the chat that is shown and in a public room. */
const PEOPLE = ["Ada", "Grace", "Linus", "Margaret"];
const CHAT = [
  ["Grace", "Morning! The new release is up on staging. Notes: https://example.org/notes/2.4"],
  ["Linus", "Works here. One question:\n\n- do we *want* the old endpoint to stay?\n- who still calls it?"],
  ["Ada", "Two clients, both ours. I'd keep it for one release and log each call:"],
  ["Ada", "```\nlog.warn({ route }, 'old endpoint')\n```"],
  ["Margaret", "👍 I moved the import job yesterday, so that's one fewer."],
  ["Grace", "Then **2.5** drops it. I'll write it into the changelog."],
  ["Linus", "And nothing was lost while I was on the train, for once 🚆"],
];
const ROOM = [
  ["Linus", "hello, is this the place for questions?"],
  ["Grace", "It is. Ask away."],
  ["Linus", "does a restart of the server lose anything?"],
  ["Margaret", "No: what was acknowledged is on the disk. Your client comes back by itself."],
  ["Grace", "日本語も絵文字も 🎉 stand in their columns"],
  ["Ada", "try it: kill -9 the server and start it again"],
];

const LOOKS = ["light", "dark"];
const WIDTHS = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 780 } };
const SCREENS = { wide: [112, 30], narrow: [60, 20] };

/** Asks the server; resolves with the answer's JSON. */
async function ask(http, path, { user, fields }) {
  const headers = { "content-type": "application/json", ...(user && { cookie: `user_id=${user}` }) };
  const answer = await fetch(http + path, { method: "POST", headers, body: JSON.stringify(fields) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** Makes people, chats and what they said; resolves with ids by name, and the chat's. */
async function populate(http) {
  const ids = {};
  for (const username of PEOPLE) ids[username] = (await ask(http, "/users", { fields: { username } })).user_id;
  const chat = async (name, ...members) =>
    (await ask(http, "/chats", { user: ids[members[0]], fields: { name, members: members.map((one) => ids[one]) } }))
      .chat_id;
  const say = (room, name, content) =>
    ask(http, `/chats/${encodeURIComponent(room)}/messages`, { user: ids[name], fields: { content } });
  const release = await chat("Release 2.5", "Ada", "Grace", "Linus", "Margaret");
  const lunch = await chat("Lunch", "Margaret", "Ada", "Grace");
  await say(lunch, "Margaret", "The place at the corner, half past twelve?");
  await say(lunch, "Grace", "I'm in 🍜");
  const direct = await ask(http, "/chats", { user: ids.Grace, fields: { direct: true, members: [ids.Ada] } });
  await say(direct.chat_id, "Grace", "Could you look over my notes when you have a minute?");
  for (const [name, text] of ROOM) await say("general", name, text);
  for (const [name, text] of CHAT) await say(release, name, text);
  return { ids, release };
}

/** Opens the web client as somebody, in a chat or room; resolves with the page once it shows `text`. */
async function come(browser, http, { user, room, text, look = {} }) {
  const context = await browser.newContext({ deviceScaleFactor: 2, locale: "en-GB", ...look });
  await context.addCookies([{ name: "user_id", value: user, url: http }]);
  const page = await context.newPage();
  await page.goto(`${http}/ui/chats/${room}`);
  await page.getByText(text).filter({ visible: true }).first().waitFor();
  return page;
}

/** Pictures of the web client, with others who are there too. */
async function webPictures(browser, http, { ids, release }) {
  const chat = { room: release, text: "for once" };
  for (const name of ["Grace", "Margaret"]) {
    await come(browser, http, { user: ids[name], ...chat });
    await come(browser, http, { user: ids[name], room: "general", text: "kill -9" });
  }
  for (const colorScheme of LOOKS) {
    for (const [size, viewport] of Object.entries(WIDTHS)) {
      const page = await come(browser, http, { user: ids.Ada, ...chat, look: { viewport, colorScheme } });
      await page.getByRole("button", { name: "I know" }).click();
      // The pointer would stay on what came into the button's place.
      await page.mouse.move(0, 0);
      // Markdown is drawn once its code has come, and who came is told for a moment.
      await page.locator("pre, code").first().waitFor();
      await delay(1_000);
      await page.screenshot({ path: join(folder, `web-${size}-${colorScheme}.png`) });
      await page.context().close();
    }
  }
}

const tmux = (...args) => execFileSync("tmux", ["-L", "verbatim-pictures", ...args], { encoding: "utf8" });

/** A screen of the terminal client, with its colours, once `pattern` stands on it. */
async function screenOf(tcp, [columns, rows]) {
  const command = `${process.execPath} ${BIN} tui ${tcp} --room general`;
  tmux(
    "new-session",
    "-d",
    "-s",
    "one",
    "-x",
    String(columns),
    "-y",
    String(rows),
    `env COLORTERM=truecolor ${command}`,
  );
  const shows = async (text) => {
    for (let looks = 0; looks < 150; looks++) {
      if (tmux("capture-pane", "-p", "-t", "one").includes(text)) return;
      await delay(100);
    }
    throw new Error(`the terminal never showed "${text}":\n${tmux("capture-pane", "-p", "-t", "one")}`);
  };
  try {
    await shows("kill -9");
    tmux("send-keys", "-t", "one", "-l", "good to know");
    await shows("good to know");
    await delay(2_500);
    return tmux("capture-pane", "-e", "-p", "-t", "one");
  } finally {
    tmux("kill-session", "-t", "one");
  }
}

/** Pictures of the terminal client. */
async function terminalPictures(browser, tcp) {
  for (const [size, cells] of Object.entries(SCREENS)) {
    const screen = await screenOf(tcp, cells);
    for (const theme of LOOKS) {
      const page = await browser.newPage({ deviceScaleFactor: 2 });
      await page.setContent(screenHtml(screen.trimEnd(), { theme, title: "verbatim tui" }));
      await page.locator("pre").screenshot({ path: join(folder, `terminal-${size}-${theme}.png`) });
      await page.close();
    }
  }
}

mkdirSync(folder, { recursive: true });
const server = await serve(join(scratch, "data"));
const http = `http://${server.http}`;
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const browser = await chromium.launch({ executablePath, headless: true, args: ["--no-sandbox", "--disable-gpu"] });
try {
  const world = await populate(http);
  await webPictures(browser, http, world);
  await terminalPictures(browser, server.tcp);
} finally {
  await browser.close();
  server.child.kill("SIGTERM");
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
}
console.log(`pictures in ${folder}`);
