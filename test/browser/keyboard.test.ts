/** The pages without a mouse, and as different eyes need them: focus, sizes, narrow windows, large text. */
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWindow, useBrowser } from "../support/browser.ts";
import { type ChatSite, openChatSite } from "../support/chat-site.ts";
import { makeChat, reads, say, signUp } from "../support/chat-visits.ts";
import { lightness, overflow, smallTargets, whereAmI } from "../support/in-page.ts";

const browser = useBrowser();
let site: ChatSite;

beforeAll(async () => {
  site = await openChatSite();
});

afterAll(() => site.stop());

/** More stops than any page has: a test that presses Tab so often is lost. */
const STOPS_MAX = 60;

/** Presses Tab until the keyboard is at something of that name; each stop on the way can be seen. */
async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const passed: string[] = [];
  for (let count = 0; count < STOPS_MAX; count += 1) {
    await page.keyboard.press("Tab");
    const stop = await whereAmI(page);
    expect(stop).toMatchObject({ isOutlined: true, isInView: true });
    if (typeof name === "string" ? stop.name === name : name.test(stop.name)) return;
    passed.push(stop.name);
  }
  throw new Error(`no stop is called ${name}; there were ${passed.join(" | ")}`);
}

/** Waits until something of a new page stands there, and the page looks as it is meant to. */
async function arrives(page: Page, sign: Locator): Promise<void> {
  await sign.waitFor();
  await page.waitForLoadState();
}

/** Waits until the keyboard is at something of that name: a page takes it there a moment after it has come. */
async function isAt(page: Page, name: string): Promise<void> {
  await expect.poll(async () => (await whereAmI(page)).name).toBe(name);
}

describe("somebody with a keyboard", () => {
  it("HTTP-6 signs up, goes to a room, writes twice and takes the first word back", async () => {
    const { page, oddities } = await openWindow(browser(), site.origin, { javaScriptEnabled: false });
    const { keyboard } = page;
    await page.goto("/");
    await keyboard.press("Tab");
    expect((await whereAmI(page)).name).toBe("Skip to the content");
    await keyboard.press("Enter");
    await tabTo(page, "Sign in");
    await tabTo(page, "Name");
    await keyboard.type("Kim");
    await keyboard.press("Enter");
    await arrives(page, page.getByRole("heading", { name: "Your chats" }));
    await tabTo(page, "general");
    await keyboard.press("Enter");
    await arrives(page, page.getByRole("heading", { name: "general" }));
    await tabTo(page, "Your message");
    await keyboard.type("first");
    await tabTo(page, "Send");
    await keyboard.press("Enter");
    await arrives(page, page.locator(".text", { hasText: "first" }));
    // Back where one writes, so that a talk needs no search for the field.
    await isAt(page, "Your message");
    await keyboard.type("second");
    await keyboard.press("Tab");
    await keyboard.press("Space");
    await arrives(page, page.locator(".text", { hasText: "second" }));
    await isAt(page, "Your message");
    await keyboard.press("Shift+Tab");
    while (!/^Remove Kim’s message/.test((await whereAmI(page)).name)) await keyboard.press("Shift+Tab");
    await keyboard.press("Shift+Tab");
    while (!/^Remove Kim’s message/.test((await whereAmI(page)).name)) await keyboard.press("Shift+Tab");
    await keyboard.press("Enter");
    await tabTo(page, "Remove for everybody");
    await keyboard.press("Enter");
    await page.getByText("This message was removed.").waitFor();
    await reads(page, ["second"]);
    expect(oddities).toEqual([]);
  });

  it("HTTP-6 begins at the field that is to blame, where a form comes back", async () => {
    const { page } = await signUp(browser(), site.origin, "Lee");
    await page.getByRole("region", { name: "Message somebody" }).getByLabel("Their name").fill("nobody");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").waitFor();
    await isAt(page, "Their name");
    const described = page.getByLabel("Their name");
    expect(await described.getAttribute("aria-invalid")).toBe("true");
    expect(await page.locator(`#${await described.getAttribute("aria-describedby")}`).textContent()).toContain(
      "nobody",
    );
  });
});

describe("a page", () => {
  it.each([320, 360, 768, 1280, 2560])("fits a window of %d pixels, and targets are large enough", async (width) => {
    const { page } = await signUp(browser(), site.origin, `w${width}`, { viewport: { width, height: 700 } });
    await makeChat(page, "A chat", []);
    await say(page, "hi");
    for (const path of ["/dashboard?find=w", page.url()]) {
      await page.goto(path);
      expect(await overflow(page)).toBe(0);
      expect(await smallTargets(page)).toEqual([]);
    }
  });

  it("can be read with text twice as large", async () => {
    const { page } = await signUp(browser(), site.origin, "Presbyopia", { viewport: { width: 640, height: 900 } });
    await makeChat(page, "A chat", []);
    await say(page, "a word or two, and a few more");
    await page.evaluate("document.documentElement.style.fontSize = '200%'");
    expect(await overflow(page)).toBe(0);
  });

  it.each(["light", "dark"] as const)("follows the %s scheme", async (colorScheme) => {
    const { page } = await openWindow(browser(), site.origin, { colorScheme, javaScriptEnabled: false });
    await page.goto("/");
    expect((await lightness(page)) > 384).toBe(colorScheme === "light");
  });

  it("asks for nothing but itself, its stylesheet and its icon, the last two once", async () => {
    const { page, oddities } = await openWindow(browser(), site.origin, { javaScriptEnabled: false });
    const asked: string[] = [];
    page.on("response", (response) => {
      if (!response.fromServiceWorker()) asked.push(new URL(response.url()).pathname);
    });
    await page.goto("/", { waitUntil: "networkidle" });
    expect(asked.filter((path) => path !== "/" && !/^\/ui\/(style|icon)-[0-9a-f]{16}\.(css|svg)$/.test(path))).toEqual(
      [],
    );
    expect(oddities).toEqual([]);
  });
});
