/**
 * Measures the web client in a real Chromium against a server of its own, over a data folder that goes away:
 * `npm run build && node scripts/web-figures.mjs [--messages 100000] [--rate 500] [--seconds 20] [--chats 1000]
 * [--only paint,talk,scroll,busy,list,rooms]`. Prints a table. Not
 * part of the gate: its figures are those of the machine, and of what else runs on it.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { serve } from "./serve.mjs";
import { measureList, measureRooms } from "./web-lists.mjs";

const { values } = parseArgs({
  options: {
    messages: { type: "string", default: "100000" },
    rate: { type: "string", default: "500" },
    seconds: { type: "string", default: "20" },
    chats: { type: "string", default: "1000" },
    only: { type: "string", default: "paint,talk,scroll,busy,list,rooms" },
  },
});
const messages = Number(values.messages);
const rate = Number(values.rate);
const seconds = Number(values.seconds);
const chats = Number(values.chats);
const parts = new Set(values.only.split(","));

const WORDS =
  "the quick brown fox jumps over a lazy dog while **everybody** talks about rust and tea with friends".split(" ");

/** The value below which a part of the values lies. */
function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

const ms = (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

/** Text number so and so: mostly one line, now and then more, with some Markdown. */
function textOf(number) {
  const length = 3 + ((number * 7919) % 25);
  const line = Array.from({ length }, (_, index) => WORDS[(number + index * 3) % WORDS.length]).join(" ");
  return `#${number} ${line}${number % 40 === 0 ? "\nand a second line\nand https://example.org/third" : ""}`;
}

/** Somebody over TCP who talks in a room; `perSecond` 0: as fast as it goes. Resolves when all was heard. */
function talk(port, room, count, perSecond) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let rest = "";
    let heard = 0;
    let said = 0;
    const began = performance.now();
    const say = () => {
      const due = perSecond === 0 ? heard + 2000 : Math.floor(((performance.now() - began) / 1000) * perSecond);
      for (; said < Math.min(count, due); said++) {
        socket.write(`${JSON.stringify({ _ct: "send_message", r: room, c: textOf(said) })}\n`);
      }
    };
    const timer = setInterval(say, 5);
    socket.setEncoding("utf8");
    socket.on("error", reject);
    socket.on("data", (piece) => {
      const lines = (rest + piece).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.startsWith('{"_et":"user_message"')) heard += 1;
      if (heard < count) return;
      clearInterval(timer);
      socket.end();
      resolve(undefined);
    });
    socket.write(`${JSON.stringify({ _ct: "join_room", r: room })}\n`);
  });
}

/** Asks the server as somebody; resolves with the answer's JSON. */
async function ask(origin, path, user, fields) {
  const headers = { "content-type": "application/json", ...(user && { cookie: `user_id=${user}` }) };
  const answer = await fetch(origin + path, { method: "POST", headers, body: JSON.stringify(fields) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** A page of somebody, empty so far. */
async function openPage(browser, origin, user) {
  const context = await browser.newContext({ baseURL: origin, viewport: { width: 1200, height: 800 } });
  await context.addCookies([{ name: "user_id", value: user, url: origin }]);
  const page = await context.newPage();
  page.on("pageerror", (error) => process.stderr.write(`${error.stack}\n`));
  return { context, page };
}

/** A window of somebody who has signed up. */
async function openWindow(browser, origin, name, path) {
  const { user_id } = await ask(origin, "/users", undefined, { username: name });
  const { context, page } = await openPage(browser, origin, user_id);
  await page.goto(path);
  await page.getByRole("textbox", { name: /^Message / }).waitFor();
  return { context, page };
}

/** Runs in the page: when what is in a frame that has just been changed has been painted. */
function watchPage() {
  window.figures = { keys: [], delays: [], painted: new Map(), paints: [], frames: [], long: [], isAside: false };
  const { figures } = window;
  const afterPaint = (callback) =>
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => callback(performance.timeOrigin + performance.now());
      channel.port2.postMessage(undefined);
    });
  addEventListener(
    "keydown",
    (event) => {
      figures.keys.push(performance.timeOrigin + event.timeStamp);
      figures.delays.push(performance.now() - event.timeStamp);
      afterPaint((at) => figures.paints.push(at - performance.timeOrigin - event.timeStamp));
    },
    true,
  );
  new MutationObserver(() => {
    for (const element of document.querySelectorAll(".vc-text")) {
      const [id] = element.textContent.match(/^probe-\d+/) ?? [];
      if (id === undefined || figures.painted.has(id)) continue;
      figures.painted.set(id, Number.NaN);
      afterPaint((at) => figures.painted.set(id, at));
    }
  }).observe(document.querySelector(".vc-scroller"), { childList: true, subtree: true, characterData: true });
  let last = performance.now();
  const frame = (now) => {
    if (!figures.isAside) figures.frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!figures.isAside) figures.long.push(entry.duration);
  }).observe({ type: "longtask" });
}

/** The page's heap after a collection, and what its process has to itself, in MB. */
async function memoryOf(browser, context, page) {
  const session = await context.newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  const whole = await browser.newBrowserCDPSession();
  const { processInfo } = await whole.send("SystemInfo.getProcessInfo");
  await whole.detach();
  // The page is the largest: the others are spare ones and the browser's own.
  const privateMb = processInfo
    .filter(({ type }) => type === "renderer")
    .map(({ id }) => {
      const text = readFileSync(`/proc/${id}/smaps_rollup`, "utf8");
      const kb = [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+)/gm)].map(([, size]) => Number(size));
      return kb.reduce((sum, size) => sum + size, 0) / 1024;
    });
  return { heapMb: usedSize / 2 ** 20, processMb: Math.max(...privateMb) };
}

const rows = [];
const told = (what, figure, note = "") => {
  rows.push([what, figure, note]);
  process.stdout.write(`${what}: ${figure} ${note}\n`);
};

async function measurePaint(browser, { origin }) {
  const paints = [];
  const shown = [];
  for (let visit = 0; visit < 7; visit++) {
    const { context, page } = await openWindow(browser, origin, `Visitor${visit}`, "/ui/chats/rust");
    await page.locator(".vc-text").last().waitFor();
    const figures = await page.evaluate(() => ({
      paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN,
      now: performance.now(),
    }));
    paints.push(figures.paint);
    shown.push(figures.now);
    await context.close();
  }
  told("first paint, nothing cached, median of 7", ms(quantile(paints, 0.5)), `slowest ${ms(Math.max(...paints))}`);
  told("the newest messages stand there, median", ms(quantile(shown, 0.5)));
}

async function measureTalk(browser, { origin }) {
  const alice = await openWindow(browser, origin, "Alice", "/ui/chats/general");
  // A browser of its own: two windows of one share a process that paints.
  const bob = await openWindow(browser, origin, "Bob", "/ui/chats/general");
  for (const { page } of [alice, bob]) await page.evaluate(watchPage);
  const field = alice.page.getByRole("textbox", { name: /^Message / });
  await alice.page.bringToFront();
  const own = [];
  const others = [];
  for (let number = 0; number < 200; number++) {
    await field.fill(`probe-${number} hello there`);
    await field.press("Enter");
    const isPainted = (id) => window.figures.painted.get(id) > 0;
    for (const { page } of [alice, bob]) await page.waitForFunction(isPainted, `probe-${number}`, { polling: 20 });
    const read = (id) => ({ key: window.figures.keys.at(-1) ?? 0, at: window.figures.painted.get(id) });
    const mine = await alice.page.evaluate(read, `probe-${number}`);
    const theirs = await bob.page.evaluate(read, `probe-${number}`);
    own.push(mine.at - mine.key);
    others.push(theirs.at - mine.key);
  }
  const note = (list) => `p95 ${ms(quantile(list, 0.95))}, p99 ${ms(quantile(list, 0.99))}`;
  told("a message painted on one's own screen, median", ms(quantile(own, 0.5)), note(own));
  told("on the other's screen, median", ms(quantile(others, 0.5)), note(others));
  for (const { context } of [alice, bob]) await context.close();
}

async function measureScroll(browser, { origin }) {
  const { context, page } = await openWindow(browser, origin, "Reader", "/ui/chats/rust");
  await page.locator(".vc-text").last().waitFor();
  await delay(1000);
  const before = await memoryOf(browser, context, page);
  await page.evaluate(watchPage);
  await page.locator(".vc-scroller").hover();
  const began = performance.now();
  const isAtStart = () => page.getByText("This is where it begins.").isVisible();
  let most = before;
  for (let turn = 0; !(await isAtStart()); turn++) {
    for (let wheel = 0; wheel < 50; wheel++) await page.mouse.wheel(0, -1500);
    if (turn % 40 === 0) {
      // To weigh the page stops it for a while, which is no frame of its own.
      await page.evaluate(() => (window.figures.isAside = true));
      const { heapMb, processMb } = await memoryOf(browser, context, page);
      await delay(100);
      await page.evaluate(() => (window.figures.isAside = false));
      most = { heapMb: Math.max(most.heapMb, heapMb), processMb: Math.max(most.processMb, processMb) };
    }
    if (performance.now() - began > 15 * 60_000) throw new Error("the beginning was not reached in 15 minutes");
  }
  const took = performance.now() - began;
  const { frames, long } = await page.evaluate(() => ({ frames: window.figures.frames, long: window.figures.long }));
  const after = await memoryOf(browser, context, page);
  most = { heapMb: Math.max(most.heapMb, after.heapMb), processMb: Math.max(most.processMb, after.processMb) };
  const slow = frames.filter((each) => each > 50);
  told(
    `frames over 50 ms, scrolling through ${messages} messages`,
    `${slow.length} of ${frames.length}`,
    `longest ${ms(Math.max(...frames))}, ${(took / 1000).toFixed(0)} s`,
  );
  told("tasks over 50 ms meanwhile", `${long.length}`, long.map((each) => each.toFixed(0)).join(" "));
  told("heap of the page, at most", `${most.heapMb.toFixed(0)} MB`, `${before.heapMb.toFixed(0)} MB before`);
  told("the page's process, at most", `${most.processMb.toFixed(0)} MB`, `${before.processMb.toFixed(0)} MB before`);
  await context.close();
}

async function measureBusy(browser, { origin, tcpPort }) {
  const { context, page } = await openWindow(browser, origin, "Typist", "/ui/chats/random");
  await page.evaluate(watchPage);
  const talking = talk(tcpPort, "random", rate * seconds, rate);
  const field = page.getByRole("textbox", { name: /^Message / });
  await field.focus();
  const until = performance.now() + seconds * 1000 - 500;
  while (performance.now() < until) {
    await field.press("a");
    await delay(40);
  }
  await talking;
  const { delays, paints, frames } = await page.evaluate(() => window.figures);
  const shown = await page.locator(".vc-text").last().textContent();
  told(
    `typing in a room with ${rate} messages a second: delay p99`,
    ms(quantile(delays, 0.99)),
    `${delays.length} keys, median ${ms(quantile(delays, 0.5))}, longest ${ms(Math.max(...delays))}`,
  );
  told(
    "from the key to its letter on the screen, p99",
    ms(quantile(paints, 0.99)),
    `median ${ms(quantile(paints, 0.5))}`,
  );
  told(
    "frames over 50 ms meanwhile",
    `${frames.filter((each) => each > 50).length} of ${frames.length}`,
    `last shown: ${shown?.split(" ")[0]}`,
  );
  await context.close();
}

const data = mkdtempSync(join(tmpdir(), "verbatim-web-figures-"));
const { child, tcp, http } = await serve(data);
const portOf = (address) => address.split(":").at(-1);
const server = { tcpPort: Number(portOf(tcp)), origin: `http://localhost:${portOf(http)}` };
const tools = { ...{ ask, ms, openPage, quantile, talk, textOf, told, watchPage }, ...{ chats, rate, seconds } };
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
try {
  await talk(server.tcpPort, "rust", parts.has("scroll") ? messages : 200, 0);
  if (parts.has("paint")) await measurePaint(browser, server);
  if (parts.has("talk")) await measureTalk(browser, server);
  if (parts.has("busy")) await measureBusy(browser, server);
  if (parts.has("rooms")) await measureRooms(tools, browser, server);
  if (parts.has("list")) await measureList(tools, browser, server);
  if (parts.has("scroll")) await measureScroll(browser, server);
} finally {
  await browser.close();
  child.kill("SIGTERM");
  await new Promise((resolve) => child.once("exit", resolve));
  rmSync(data, { recursive: true, force: true });
}
const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column].length)));
process.stdout.write("\n");
for (const [what, figure, note] of rows) {
  process.stdout.write(`| ${what.padEnd(widths[0])} | ${figure.padStart(widths[1])} | ${note} |\n`);
}
