/** The web client's frame in a real browser: who comes in and out, chats and people, at any width and in both themes. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWindow, useBrowser } from "../support/browser.ts";
import { lightness, overflow, watchFor } from "../support/in-page.ts";
import { until } from "../support/until.ts";
import {
  axeFindings,
  comeIn,
  inList,
  makeWebChat,
  openWebSite,
  PASSWORD,
  sayInWeb,
  type WebSite,
} from "../support/web-visits.ts";

/** How long anything may take, in milliseconds. */
const WAIT_MS = 10_000;

const browser = useBrowser();
let open: WebSite;
let closed: WebSite;

beforeAll(async () => {
  [open, closed] = await Promise.all([openWebSite(), openWebSite(["--auth", "password", "--sign-up", "open"])]);
});

afterAll(() => Promise.all([open?.stop(), closed?.stop()]));

describe("people at an open server", () => {
  it("come in by a name, make a chat, are told of it, count what is unread, and go", async () => {
    const alice = await comeIn(browser(), open, "Alice");
    const bob = await comeIn(browser(), open, "Bob");
    await makeWebChat(alice.page, "Plans", ["Bob"]);
    await sayInWeb(alice.page, "Shall we meet?");
    await sayInWeb(alice.page, "Tomorrow");

    const entry = inList(bob.page, "Plans");
    await entry.filter({ hasText: "Alice: Tomorrow" }).filter({ hasText: "2 unread" }).waitFor();
    await until(
      WAIT_MS,
      () => "the title counts too",
      async () => (await bob.page.title()).startsWith("(2)") || undefined,
    );
    await entry.click();
    await bob.page.getByRole("log").getByText("Tomorrow", { exact: true }).waitFor();
    expect(await entry.textContent()).not.toContain("unread");
    expect(await entry.getAttribute("aria-current")).toBe("page");
    // The list shows what is said without its marks.
    const field = bob.page.getByRole("main").getByRole("textbox");
    await field.fill("**well**, see <b>[here](https://example.org)</b>\u202e");
    await field.press("Enter");
    const line = inList(alice.page, "Plans").locator(".row-snippet");
    await line.getByText("well, see <b>here</b>", { exact: true }).waitFor();
    await sayInWeb(bob.page, "Gladly");
    await inList(alice.page, "Plans").filter({ hasText: "Bob: Gladly" }).waitFor();
    // The marker is the server's: it holds after a reload, on any device.
    await bob.page.reload();
    await inList(bob.page, "Plans").filter({ hasText: "You: Gladly" }).waitFor();
    expect(await inList(bob.page, "Plans").textContent()).not.toContain("unread");

    // Whose chat it is may take away what others say; nobody else.
    const said = (page: Page, text: string) => page.getByRole("article").filter({ hasText: text });
    expect(await said(bob.page, "Tomorrow").getByRole("button", { name: "Remove" }).count()).toBe(0);
    await said(alice.page, "Gladly").hover();
    await said(alice.page, "Gladly").getByRole("button", { name: "Remove" }).click();
    await alice.page.getByRole("button", { name: "Yes, remove" }).click();
    await bob.page.getByText("This message was removed.").waitFor();

    await bob.page.getByRole("button", { name: "Sign out" }).click();
    await bob.page.getByRole("heading", { name: "Who are you?" }).waitFor();
    await bob.page.getByText("You have signed out.").waitFor();
    // What is left says that this browser runs the client, and nothing of who does.
    expect((await bob.page.context().cookies()).map(({ name }) => name)).toEqual(["verbatim_client"]);
    expect([...alice.oddities, ...bob.oddities]).toEqual([]);
  });

  it("bring others in, send them away, who are told so, and leave", async () => {
    const erin = await comeIn(browser(), open, "Erin");
    const frank = await comeIn(browser(), open, "Frank");
    await makeWebChat(erin.page, "Choir", []);
    await erin.page.getByRole("button", { name: "Members" }).click();
    const pane = erin.page.getByRole("complementary", { name: "1 member" });
    await pane.getByRole("combobox", { name: "Add people" }).fill("fra");
    await pane.getByRole("option", { name: "Frank" }).click();
    await inList(frank.page, "Choir").click();
    await sayInWeb(frank.page, "la la");
    const both = erin.page.getByRole("complementary", { name: "2 members" });
    await both.getByRole("listitem").filter({ hasText: "Frank" }).filter({ hasText: "is here" }).waitFor();
    await both.getByRole("button", { name: "Remove Frank" }).click();
    await both.getByRole("button", { name: "Remove Frank from the chat" }).click();
    await pane.waitFor();
    // What they see stays theirs; the way to say more is closed.
    await frank.page.getByText("You are not in here any more").first().waitFor();
    expect(await frank.page.getByRole("log").textContent()).toContain("la la");
    await frank.page.getByRole("button", { name: "Members" }).waitFor({ state: "detached" });
    // Whoever comes in again while they still look goes on there.
    const again = erin.page.getByRole("complementary", { name: "1 member" });
    await again.getByRole("combobox", { name: "Add people" }).fill("fra");
    await again.getByRole("option", { name: "Frank" }).click();
    await frank.page.getByText("You are not in here any more").first().waitFor({ state: "detached" });
    await sayInWeb(frank.page, "back again");
    await erin.page.getByRole("log").getByText("back again", { exact: true }).waitFor();
    await erin.page.getByRole("button", { name: "Leave this chat" }).click();
    await erin.page.getByRole("button", { name: "Leave", exact: true }).click();
    await erin.page.getByText("You have left Choir.").waitFor();
    await inList(erin.page, "Choir").waitFor({ state: "detached" });
    expect([...erin.oddities, ...frank.oddities]).toEqual([]);
  });

  it("make a chat while their list is on its way, and are not told that there is no such chat", async () => {
    const gina = await comeIn(browser(), open, "Gina");
    const hugo = await comeIn(browser(), open, "Hugo");
    const { page } = gina;
    const toldOfNone = await watchFor(page, "There is no such chat");
    // The list as it was before her chat comes after the answer that made it.
    const made = page.waitForResponse(
      (answer) => answer.request().method() === "POST" && answer.url().endsWith("/chats"),
    );
    let isHeld = false;
    await page.route("**/chats", async (route) => {
      if (route.request().method() !== "GET" || isHeld) return route.continue();
      isHeld = true;
      const response = await route.fetch();
      await made;
      return route.fulfill({ response });
    });
    await makeWebChat(hugo.page, "Band", ["Gina"]);
    await until(
      WAIT_MS,
      () => "her list to be asked for",
      () => isHeld || undefined,
    );
    await makeWebChat(page, "Trio", []);
    await inList(page, "Band").waitFor();
    expect(await toldOfNone()).toBe(false);
    expect([...gina.oddities, ...hugo.oddities]).toEqual([]);
  });

  it("are told of messages by notifications while the page is hidden, once they have asked for that, and never before", async () => {
    const { page } = await comeIn(browser(), open, "Karl", { permissions: ["notifications"] });
    // The browser's own, listened to; a page that is hidden can't be had here.
    await page.addInitScript(`
      window.shown = [];
      window.asked = 0;
      const Real = window.Notification;
      window.Notification = class extends Real {
        static requestPermission() { window.asked += 1; return Real.requestPermission(); }
        constructor(title, options) { super(title, options); window.shown.push(title + ": " + options.body); }
      };
      Object.defineProperty(document, "hidden", { get: () => window.isAway === true });
      Object.defineProperty(document, "visibilityState", { get: () => window.isAway ? "hidden" : "visible" });
    `);
    await page.reload();
    await makeWebChat(page, "Duo", ["Alice"]);
    const alice = await openWindow(browser(), open.origin);
    await alice.page.goto("/");
    await alice.page.getByLabel("Name").fill("alice");
    await alice.page.getByRole("button", { name: "Continue" }).click();
    await inList(alice.page, "Duo").click();
    await page.evaluate("window.isAway = true");
    await sayInWeb(alice.page, "unheard");
    await inList(page, "Duo").filter({ hasText: "1 unread" }).waitFor();
    expect(await page.evaluate("[window.asked, ...window.shown]")).toEqual([0]);
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByRole("button", { name: "Turn on notifications" }).click();
    await page.getByRole("button", { name: "Turn off notifications" }).waitFor();
    await sayInWeb(alice.page, "heard");
    await until(
      WAIT_MS,
      () => "a notification",
      async () => (await page.evaluate<unknown[]>("shown")).length || undefined,
    );
    expect(await page.evaluate("[window.asked, ...window.shown]")).toEqual([1, "Alice in Duo: heard"]);
    // In public only who is called is told.
    await page.keyboard.press("Escape");
    await inList(page, "rust").click();
    await page.getByRole("heading", { level: 1, name: "rust" }).waitFor();
    await inList(alice.page, "rust").click();
    await sayInWeb(alice.page, "nothing for anybody");
    await page.getByRole("log").getByText("nothing for anybody", { exact: true }).waitFor();
    await sayInWeb(alice.page, "but you, @karl");
    await until(
      WAIT_MS,
      () => "a second notification",
      async () => (await page.evaluate<unknown[]>("shown")).length > 1 || undefined,
    );
    expect(await page.evaluate("window.shown[1]")).toBe("Alice in rust: but you, @karl");
  });

  it("WEB-3 go anywhere by the keyboard: to rooms, to people, up and down, and back", async () => {
    await comeIn(browser(), open, "Heidi");
    const { page, oddities } = await comeIn(browser(), open, "Grace");
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").fill("rust");
    // The list may not have come yet.
    await page.getByRole("option", { name: "rust" }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "rust" }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/ui/chats/rust");
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").fill("heid");
    await page.getByRole("option", { name: "Message Heidi" }).waitFor();
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Heidi" }).waitFor();
    await page.keyboard.press("Alt+ArrowDown");
    await page.getByRole("heading", { level: 1, name: "rust" }).waitFor();
    await page.goBack();
    await page.getByRole("heading", { level: 1, name: "Heidi" }).waitFor();
    await page.keyboard.press("Control+/");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(oddities).toEqual([]);
  });

  it("are told when the server is gone, and go on where they were when it is back", async () => {
    const { page } = await comeIn(browser(), open, "Ivan");
    await inList(page, "general").click();
    await sayInWeb(page, "before");
    await open.crash();
    const lost = page.locator(".banners").getByRole("status").filter({ hasText: "Offline, reconnecting" });
    await lost.filter({ hasText: "What you write is kept and sent then." }).waitFor();
    // It is said in one place, also beside what is written meanwhile.
    await page.getByRole("main").getByRole("textbox").fill("meanwhile");
    await page.keyboard.press("Enter");
    // What was said before may not have been acknowledged either.
    await page.getByRole("article").filter({ hasText: "meanwhile" }).getByText("Waiting to be sent").waitFor();
    const notices = await page.getByText(/offline,|reconnecting|not connected/i).count();
    await open.restart();
    expect(notices).toBe(1);
    await page.evaluate("window.dispatchEvent(new Event('online'))");
    await lost.waitFor({ state: "detached" });
    await page
      .getByText(/^(Sending…|Waiting to be sent)$/)
      .first()
      .waitFor({ state: "detached" });
    await sayInWeb(page, "after");
    const texts = await page.getByRole("article").locator(".vc-text").allTextContents();
    expect(texts.slice(-3)).toEqual(["before", "meanwhile", "after"]);
    await inList(page, "general").filter({ hasText: "You: after" }).waitFor();
  });
});

describe("people with passwords", () => {
  it("sign up, are told what is wrong, change their password, make tokens, and stay signed in", async () => {
    const { page } = await comeIn(browser(), closed, "Judy");
    await page.getByRole("button", { name: "Settings" }).click();
    const settings = page.getByRole("dialog", { name: "Settings" });
    await settings.getByLabel("What it is for").fill("my bot");
    await settings.getByRole("button", { name: "Create token" }).click();
    const token = (await settings.locator("code").textContent()) ?? "";
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(`${closed.origin}/me`, { headers })).status).toBe(200);
    await settings.getByRole("button", { name: "Revoke my bot" }).click();
    await settings.getByRole("listitem").waitFor({ state: "detached" });
    expect((await fetch(`${closed.origin}/me`, { headers })).status).toBe(401);

    await settings.getByLabel("Current password").fill("not this one");
    await settings.getByLabel("New password").fill(`${PASSWORD}!`);
    await settings.getByRole("button", { name: "Change password" }).click();
    await settings.getByText("The name or the password is not right.").waitFor();
    await settings.getByLabel("Current password").fill(PASSWORD);
    await settings.getByRole("button", { name: "Change password" }).click();
    await page.getByText("Your password is changed.").waitFor();
    await page.keyboard.press("Escape");
    // The sign-in that the connection had was ended by that; the client comes back with the new one.
    await until(
      WAIT_MS,
      () => "it is online",
      async () => (await page.getByText("online", { exact: true }).count()) === 1 || undefined,
    );
    await inList(page, "general").click();
    await sayInWeb(page, "still here");

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Name").fill("Judy");
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").filter({ hasText: "The name or the password is not right." }).waitFor();
    await page.getByLabel("Password").fill(`${PASSWORD}!`);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("still here").first().waitFor();
  });

  it("are shown the door where their sign-in ends while they are connected, in every tab", async () => {
    const { page } = await comeIn(browser(), closed, "Mallory");
    const other = await page.context().newPage();
    await other.goto("/dashboard");
    await other.getByRole("heading", { name: "Hello, Mallory" }).waitFor();
    // As when somebody ends it elsewhere: neither tab does anything.
    expect((await page.request.post("/logout", { maxRedirects: 0 })).status()).toBe(303);
    for (const tab of [page, other]) {
      await tab.getByRole("heading", { name: "Sign in" }).waitFor();
      await tab.getByText("Your sign-in has ended.").waitFor();
    }
  });
});

describe("the client", () => {
  it("WEB-3 is found in order by a checker of accessibility, light and dark, everywhere", async () => {
    const { page } = await comeIn(browser(), open, "Nina");
    await makeWebChat(page, "A chat", ["Alice"]);
    await sayInWeb(page, "hello");
    await page.getByRole("button", { name: "Members" }).click();
    await page.getByRole("complementary").getByText("Alice").waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await lightness(page)).toBeLessThan(384);
    expect(await axeFindings(page, ["color-contrast"])).toEqual([]);
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog", { name: "Go to" }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Settings" }).click();
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Who are you?" }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });

  it("WEB-3 shows list or chat in a narrow window, each as wide as that", async () => {
    const { page } = await comeIn(browser(), open, "Olivia".padEnd(64, "a"), { viewport: { width: 320, height: 640 } });
    expect(await overflow(page)).toBe(0);
    await makeWebChat(page, "W".repeat(120), []);
    await sayInWeb(page, "x".repeat(500));
    expect(await page.getByRole("navigation").isVisible()).toBe(false);
    expect(await overflow(page)).toBe(0);
    await page.getByRole("button", { name: "Members" }).click();
    expect(await overflow(page)).toBe(0);
    await page.getByRole("button", { name: "Close members" }).click();
    await page.getByRole("button", { name: "Back to the list" }).click();
    await page.getByRole("navigation").waitFor();
    expect(await page.getByRole("log").count()).toBe(0);
    expect(await overflow(page)).toBe(0);
  });

  it("keeps the theme that was chosen", async () => {
    const { page } = await comeIn(browser(), open, "Peggy", { colorScheme: "light" });
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByText("Dark", { exact: true }).click();
    await until(
      WAIT_MS,
      () => "it is dark",
      async () => (await lightness(page)) < 384 || undefined,
    );
    await page.reload();
    await page.getByRole("heading", { name: "Hello, Peggy" }).waitFor();
    expect(await lightness(page)).toBeLessThan(384);
  });

  it("WEB-3 HTTP-6 leaves the plain page to those without script, and shows it where the client can't be loaded", async () => {
    const plain = await openWindow(browser(), open.origin, { javaScriptEnabled: false });
    await plain.page.goto("/");
    expect(await plain.page.getByRole("heading", { name: "Sign in or sign up" }).isVisible()).toBe(true);
    const broken = await openWindow(browser(), open.origin);
    await broken.page.route("**/ui/web/*.js", (route) => route.abort());
    await broken.page.goto("/");
    const heading = broken.page.getByRole("heading", { name: "Sign in or sign up" });
    // Not at first. That is over where the machine has stood still meanwhile, so it begins again here.
    const first = `(() => {
      for (const animation of document.body.getAnimations()) animation.currentTime = 0;
      return getComputedStyle(document.body).visibility;
    })()`;
    expect(await broken.page.evaluate(first)).toBe("hidden");
    await heading.waitFor({ state: "visible" });
  });
});

describe("what a first visit loads", () => {
  it("WEB-1 is at most 50 KB of script, compressed, kept for ever, and nothing from elsewhere", async () => {
    const page = await (await fetch(`${open.origin}/`)).text();
    const paths = [...page.matchAll(/(?:src|href)="(\/ui\/web\/[^"]+)"/g)].map(([, path]) => path ?? "");
    expect(paths.some((path) => path.endsWith(".js"))).toBe(true);
    let scriptBytes = 0;
    for (const path of paths) {
      const { status, headers } = await fetch(open.origin + path, { headers: { "accept-encoding": "br" } });
      expect([status, headers.get("content-encoding")]).toEqual([200, "br"]);
      expect(headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
      if (path.endsWith(".js")) scriptBytes += Number(headers.get("content-length"));
    }
    expect(scriptBytes).toBeGreaterThan(10_000);
    expect(scriptBytes).toBeLessThanOrEqual(50 * 1024);
  });
});
