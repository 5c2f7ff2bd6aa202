/** The conversation of the web client in a real browser, on the real program: talk, history, weather, and hostile texts. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWindow, useBrowser, type Window } from "../support/browser.ts";
import { layLine } from "../support/cut-line.ts";
import { connectLineClient } from "../support/line-client.ts";
import { type SpawnedServer, startServer } from "../support/spawned-server.ts";
import { until } from "../support/until.ts";

/** How long what goes over the network may take here, in milliseconds. */
const WAIT_MS = 20_000;

/** The element that scrolls, in the words of the page. */
const SCROLLER = `document.querySelector(".vc-scroller")`;

/** Messages of the long room: several windows full. */
const LONG_ROOM_MESSAGES = 1_700;

const browser = useBrowser();
const folder = mkdtempSync(join(tmpdir(), "verbatim-web-conversation-"));
let server: SpawnedServer;
let origin: string;

beforeAll(async () => {
  server = await startServer({ dataDir: folder });
  origin = `http://localhost:${server.httpPort}`;
});

afterAll(async () => {
  await server.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** Ends the server without a word, and starts it again in the same place. */
async function restart(env: Readonly<Record<string, string>> = {}): Promise<void> {
  const { httpPort } = server;
  await server.kill("SIGKILL");
  server = await startServer({ dataDir: folder, args: ["--http", `127.0.0.1:${httpPort}`], env });
}

/**
 * In the page: goes up to the beginning; says how many messages it saw, how often one was missing between two, and
 * whether it came to the beginning.
 */
const WALK_UP = `(async () => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const scroller = ${SCROLLER};
  const seen = new Set();
  let gaps = 0;
  let isAtBeginning = false;
  for (const deadline = performance.now() + 120_000; !isAtBeginning && performance.now() < deadline; ) {
    const numbers = [...scroller.querySelectorAll(".vc-text")].map((text) => Number(/^n(\\d+)/.exec(text.textContent)?.[1]));
    for (const [index, number] of numbers.entries()) {
      seen.add(number);
      if (number !== numbers[0] + index) gaps += 1;
    }
    isAtBeginning = scroller.scrollTop === 0 && scroller.textContent.includes("This is where it begins.");
    scroller.scrollTop -= 400;
    await frame();
    await frame();
  }
  return { seen: seen.size, gaps, isAtBeginning };
})()`;

/**
 * In the page: goes up a little, waits until that is done, and says by how many pixels the message in the middle moves
 * in the frames after it, while older pages come in.
 */
const MOVES_BY_ITSELF = `(async () => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const scroller = ${SCROLLER};
  const { top } = scroller.getBoundingClientRect();
  const inTheMiddle = () =>
    [...scroller.querySelectorAll(".vc-row")].find((row) => row.getBoundingClientRect().bottom > top + scroller.clientHeight / 2);
  scroller.scrollTop -= 300;
  let at = Number.NaN;
  let row = inTheMiddle();
  for (let still = 0; still < 3; ) {
    await frame();
    row = inTheMiddle();
    const now = row.getBoundingClientRect().top;
    still = Math.abs(now - at) < 0.5 ? still + 1 : 0;
    at = now;
  }
  const { textContent } = row;
  for (let frames = 0; frames < 8; frames++) await frame();
  const after = inTheMiddle();
  return after.textContent === textContent ? Math.abs(after.getBoundingClientRect().top - at) : 1000;
})()`;

/** In the page: waits until nothing moves any more; for each text how far below the upper edge it stands, in pixels. */
const PLACES = `(async () => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const scroller = ${SCROLLER};
  const look = () => {
    const edge = scroller.getBoundingClientRect().top;
    return [...scroller.querySelectorAll(".vc-text")].map((text) => [text.textContent, text.getBoundingClientRect().top - edge]);
  };
  let seen = look();
  for (let still = 0; still < 10; ) {
    await frame();
    const now = look();
    still = now.length > 0 && JSON.stringify(now) === JSON.stringify(seen) ? still + 1 : 0;
    seen = now;
  }
  return seen;
})()`;

/** Somebody who has just signed up and looks at a room; `at` = by which way they reach the server. */
async function visit(name: string, room: string, at = origin): Promise<Window> {
  const window = await openWindow(browser(), at);
  const answer = await window.page.context().request.post("/users", { form: { username: name } });
  const { user_id } = (await answer.json()) as { user_id: string };
  await window.page.context().addCookies([{ name: "user_id", value: user_id, url: at }]);
  await window.page.goto(`/ui/chats/${room}`);
  await field(window.page).waitFor();
  return window;
}

const field = (page: Page): Locator => page.getByRole("textbox", { name: /^Message / });

const texts = (page: Page): Promise<string[]> => page.locator(".vc-text").allTextContents();

async function say(page: Page, text: string): Promise<void> {
  await field(page).fill(text);
  await field(page).press("Enter");
}

/** Waits until exactly these texts stand there, in this order, none of them on its way. */
async function reads(page: Page, wanted: readonly string[]): Promise<void> {
  let found: string[] = [];
  await until(
    WAIT_MS,
    () => `${JSON.stringify(wanted)}, and there is ${JSON.stringify(found)}`,
    async () => {
      found = await texts(page);
      const isSettled = (await page.locator(".vc-sending, .vc-failed").count()) === 0;
      return isSettled && JSON.stringify(found) === JSON.stringify(wanted) ? true : undefined;
    },
  );
}

/** Waits until the server knows that whoever has this page has read all that was said in a room. */
async function hasRead(page: Page, room: string): Promise<void> {
  await until(
    WAIT_MS,
    () => `the marker in ${room}`,
    async () => {
      const answer = await page.context().request.put(`/chats/${room}/read`, { form: { seq: 0 } });
      return ((await answer.json()) as { unread: number }).unread === 0 || undefined;
    },
  );
}

describe("two people in one room", () => {
  it("WEB-2 talk, see each other come and write, and take back what they said", async () => {
    const alice = await visit("Alice", "general");
    await alice.page.getByText("1 here").waitFor();
    // It is told for some seconds only, while his page is still being loaded.
    const joined = alice.page.getByText(/Bob. joined/).waitFor({ timeout: 2 * WAIT_MS });
    const [bob] = await Promise.all([visit("Bob", "general"), joined]);
    await alice.page.getByText("2 here").waitFor();
    await say(alice.page, "hello Bob");
    await reads(bob.page, ["hello Bob"]);
    await field(bob.page).pressSequentially("hi");
    await alice.page.getByText(/Bob. is writing…/).waitFor();
    await field(bob.page).press("Shift+Enter");
    await field(bob.page).pressSequentially("Alice");
    await field(bob.page).press("Enter");
    for (const { page } of [alice, bob]) await reads(page, ["hello Bob", "hi\nAlice"]);
    expect(await alice.page.getByRole("article").first().locator(".vc-name").textContent()).toBe("You");
    expect(await bob.page.getByRole("article").first().locator(".vc-name").textContent()).toBe("Alice");

    const own = alice.page.getByRole("article").filter({ hasText: "hello Bob" });
    await own.hover();
    await own.getByRole("button", { name: "Remove" }).click();
    await alice.page.getByRole("button", { name: "Yes, remove" }).click();
    await bob.page.getByText("This message was removed.").waitFor();
    for (const { page } of [alice, bob]) await reads(page, ["hi\nAlice"]);
    expect([...alice.oddities, ...bob.oddities]).toEqual([]);
  });

  it("WEB-1 see a script as text, Markdown as Markdown, and no picture of anybody's", async () => {
    const eve = await visit("Eve", "random");
    const mallory = await visit("Mallory", "random");
    const nasty = [
      "<script>alert(1)</script>",
      '<img src="https://evil.example/x.png" onerror="alert(1)">',
      "**bold** <b onclick=alert(1)>b</b> ![x](https://evil.example/y.png) [s](javascript:alert(1)) [d](data:text/html,x)",
      "https://example.org/a?b=c&d=%22 [home](/logout)",
      "\u202Eevil\u202C \u2066x",
      `a${"\u0301".repeat(2_000)}`,
      `${"[".repeat(500)}${"*a ".repeat(500)}${"> ".repeat(200)}`,
    ];
    // So tall that all of them stay in the window.
    await eve.page.setViewportSize({ width: 1000, height: 8000 });
    for (const text of nasty) await say(mallory.page, text);
    let found: string[] = [];
    await until(
      WAIT_MS,
      () => `all of it; there is ${JSON.stringify(found).slice(0, 500)}`,
      async () => {
        found = await texts(eve.page);
        return found.length === nasty.length ? true : undefined;
      },
    );
    await eve.page.locator(".vc-rich strong", { hasText: "bold" }).waitFor();
    expect(found.slice(0, 2).map((text) => text.trim())).toEqual(nasty.slice(0, 2));
    const log = eve.page.getByRole("log");
    expect(await log.locator("img, script, iframe, b, svg, style").count()).toBe(0);
    const links = await eve.page.evaluate<string[][]>(
      `[...document.querySelectorAll(".vc-scroller a")].map((a) => ["href", "target", "rel"].map((name) => a.getAttribute(name)))`,
    );
    expect(links.length).toBeGreaterThan(0);
    for (const [href, target, rel] of links) {
      expect(href).toMatch(/^https:\/\/(example\.org|evil\.example)\//);
      expect([target, rel]).toEqual(["_blank", "noopener noreferrer nofollow"]);
    }
    // Nothing reaches beyond the pane to the side.
    expect(await eve.page.evaluate<boolean>(`${SCROLLER}.scrollWidth <= ${SCROLLER}.clientWidth`)).toBe(true);
    expect([...eve.oddities, ...mallory.oddities]).toEqual([]);
  });
});

describe("a long room", () => {
  it("is read back to its beginning without a gap, stays put while older pages come, and leads back to the newest", async () => {
    const talker = await connectLineClient(server.tcpPort);
    talker.send({ _ct: "join_room", r: "rust" });
    for (let number = 1; number <= LONG_ROOM_MESSAGES; number++) {
      talker.send({
        _ct: "send_message",
        r: "rust",
        c: `n${number}${number % 7 === 0 ? "\nmore".repeat(number % 5) : ""}`,
      });
    }
    await talker.heard({ _et: "user_message", c: `n${LONG_ROOM_MESSAGES}` }, WAIT_MS);
    const carol = await visit("Carol", "rust");
    const { page } = carol;
    await page.getByRole("log").getByText(`n${LONG_ROOM_MESSAGES}`).waitFor();
    expect(await page.evaluate(WALK_UP)).toEqual({ seen: LONG_ROOM_MESSAGES, gaps: 0, isAtBeginning: true });
    // The page holds some hundreds of messages, and a screenful of them as elements.
    expect(await page.getByRole("article").count()).toBeLessThan(120);

    await page.evaluate(`${SCROLLER}.scrollTop = 3000`);
    talker.send({ _ct: "send_message", r: "rust", c: "something new" });
    await page.getByRole("button", { name: /^1 new/ }).click();
    await page.getByRole("log").getByText("something new").waitFor();
    await page.getByRole("log").getByText(`n${LONG_ROOM_MESSAGES}`).waitFor();
    talker.close();
    expect(carol.oddities).toEqual([]);
  });

  it("does not move what is read while older pages come in above it", async () => {
    const dave = await visit("Dave", "rust");
    const { page } = dave;
    await page.getByRole("log").getByText("something new").waitFor();
    for (let turn = 0; turn < 25; turn++) {
      const moved = await page.evaluate<number>(MOVES_BY_ITSELF);
      expect(moved).toBeLessThan(2);
    }
    expect(dave.oddities).toEqual([]);
  });

  it("leaves who waits at the very top where they are when the older page comes late", async () => {
    const line = await layLine(server.httpPort ?? 0);
    try {
      const { page, oddities } = await visit("Olga", "rust", `http://localhost:${line.port}`);
      await page.getByRole("log").getByText("something new").waitFor();
      for (let turn = 0; turn < 3; turn++) {
        line.stall();
        await page.evaluate(`${SCROLLER}.scrollTop = 0`);
        await page.getByText("Fetching older messages…").waitFor();
        const before = await page.evaluate<[string, number][]>(PLACES);
        // Whose name stands above the first one is only known later, so it may lose a line.
        const [text, top] = before.find(([, place]) => place >= 100) ?? ["", 0];
        line.flow();
        await page.getByText("Fetching older messages…").waitFor({ state: "detached" });
        const after = new Map(await page.evaluate<[string, number][]>(PLACES));
        expect(after.get(text), `${text}, turn ${turn}`).toBeGreaterThan(top - 30);
        expect(after.get(text), `${text}, turn ${turn}`).toBeLessThan(top + 30);
      }
      expect(oddities).toEqual([]);
    } finally {
      await line.close();
    }
  });
});

describe("in bad weather", () => {
  it("WEB-2 what was said and heard while the server died and came back stands there once, in one order", async () => {
    const erin = await visit("Erin", "music");
    const frank = await visit("Frank", "music");
    await say(erin.page, "one");
    await reads(frank.page, ["one"]);
    await server.kill("SIGKILL");
    await erin.page.getByText("Offline, reconnecting").waitFor();
    await say(erin.page, "two");
    await erin.page.getByRole("article").filter({ hasText: "two" }).getByText("Waiting to be sent").waitFor();
    await field(frank.page).fill("a draft");
    await restart();
    await reads(frank.page, ["one", "two"]);
    await reads(erin.page, ["one", "two"]);
    expect(await field(frank.page).inputValue()).toBe("a draft");
    await field(frank.page).press("Enter");
    for (const { page } of [erin, frank]) await reads(page, ["one", "two", "a draft"]);
    await frank.page.reload();
    await reads(frank.page, ["one", "two", "a draft"]);
  });

  it("WEB-2 who is offline misses nothing, and what they say meanwhile is said once", async () => {
    const line = await layLine(server.httpPort ?? 0);
    try {
      const judy = await visit("Judy", "games", `http://localhost:${line.port}`);
      const karl = await visit("Karl", "games");
      await say(karl.page, "one");
      await reads(judy.page, ["one"]);
      line.cut();
      await judy.page.getByText("Offline, reconnecting").waitFor();
      for (const text of ["two", "three"]) await say(karl.page, text);
      await say(judy.page, "from the train");
      await judy.page
        .getByRole("article")
        .filter({ hasText: "from the train" })
        .getByText("Waiting to be sent")
        .waitFor();
      await reads(karl.page, ["one", "two", "three"]);
      line.mend();
      for (const { page } of [judy, karl]) await reads(page, ["one", "two", "three", "from the train"]);
      await say(karl.page, "welcome back");
      for (const { page } of [judy, karl]) await reads(page, ["one", "two", "three", "from the train", "welcome back"]);
    } finally {
      await line.close();
    }
  });

  it("a refused message says so, can be tried again, and taken back into the field", async () => {
    await restart({ VERBATIM_LIMITS_MESSAGE_BYTES_MAX: "100" });
    const grace = await visit("Grace", "food");
    const long = "far too long ".repeat(20).trim();
    await say(grace.page, long);
    const failed = grace.page.getByRole("article").filter({ hasText: "Not sent" });
    const reason = `Too long for this server: a message has 100 bytes of UTF-8 at most; this one has ${long.length}.`;
    await failed.getByText(`${reason} Edit it, or send it in parts.`).waitFor();
    await failed.getByRole("button", { name: "Edit" }).click();
    expect(await field(grace.page).inputValue()).toBe(long);
    expect(await failed.count()).toBe(0);
    await field(grace.page).press("Enter");
    await failed.waitFor();
    await restart();
    await failed.getByRole("button", { name: "Try again" }).click();
    await reads(grace.page, [long]);
  });

  it("WEB-2 a draft outlives the page, and what was unread is marked when one comes back", async () => {
    const heidi = await visit("Heidi", "books");
    const ivan = await visit("Ivan", "books");
    await say(ivan.page, "first");
    await reads(heidi.page, ["first"]);
    await field(heidi.page).fill("I was about to");
    await hasRead(heidi.page, "books");
    const list = heidi.page.getByRole("link");
    await list.filter({ hasText: "general" }).first().click();
    await heidi.page.getByRole("textbox", { name: "Message general" }).waitFor();
    await say(ivan.page, "second");
    await say(ivan.page, "third");
    // Said, and not only on the way: what comes while she looks is not new to her.
    await reads(ivan.page, ["first", "second", "third"]);
    await list.filter({ hasText: "books" }).first().click();
    await reads(heidi.page, ["first", "second", "third"]);
    expect(await field(heidi.page).inputValue()).toBe("I was about to");
    const marked = heidi.page.locator(".vc-row", { has: heidi.page.locator(".vc-unread") });
    await marked.waitFor();
    expect(await marked.locator(".vc-text").textContent()).toBe("second");
    await heidi.page.reload();
    await field(heidi.page).waitFor();
    expect(await field(heidi.page).inputValue()).toBe("I was about to");
    await hasRead(heidi.page, "books");
    // A page that comes anew does not count as read what it only brings.
    await heidi.page.goto("/dashboard");
    await say(ivan.page, "fourth");
    await reads(ivan.page, ["first", "second", "third", "fourth"]);
    await heidi.page.goto("/ui/chats/books");
    await marked.waitFor();
    expect(await marked.locator(".vc-text").textContent()).toBe("fourth");
    expect(heidi.oddities).toEqual([]);
  });
});
