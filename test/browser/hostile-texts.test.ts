/** Texts that would like to be more than text: inert in a real browser, and contained in their place. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useBrowser } from "../support/browser.ts";
import { type ChatSite, openChatSite } from "../support/chat-site.ts";
import { makeChat, say, signUp, words } from "../support/chat-visits.ts";
import { overflow } from "../support/in-page.ts";

const browser = useBrowser();
let site: ChatSite;

beforeAll(async () => {
  site = await openChatSite();
});

afterAll(() => site.stop());

/** Each would open a dialog, ask another server for something, or change the page, if it were not just text. */
const HOSTILE = [
  "<script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "<img src=http://elsewhere.example/seen.png>",
  "</p></li></ol></main><style>*{display:none}</style>",
  "</textarea></title><script src=http://elsewhere.example/x.js></script>",
  "<svg/onload=alert(1)><math><a xlink:href=javascript:alert(1)>x",
  "<meta http-equiv=refresh content='0;url=http://elsewhere.example/'>",
  "<base href=http://elsewhere.example/><link rel=stylesheet href=//elsewhere.example/x.css>",
  "<form action=http://elsewhere.example/><input name=content autofocus onfocus=alert(1)>",
  "<!-- --!><iframe srcdoc='<script>parent.alert(1)</script>'>",
  "javascript:alert(1) data:text/html,<script>alert(1)</script>",
  "&lt;script&gt;alert(1)&lt;/script&gt; &#60;b&#62; &amp;amp;",
  "{{constructor.constructor('alert(1)')()}} #{alert(1)} <%= alert(1) %>",
  "\u2028\u2029\uFEFF\u200B<b\u0000>zero</b>",
];

/** One letter with so many marks, of two kinds, that it becomes wider than any window. */
const WIDE = `Z${"\u0323\u0489".repeat(5_000)}`;

/** How some parts of the page look, to the pixel; one after the other, for each may have to be scrolled to. */
async function looks(page: Page, selectors: readonly string[]): Promise<readonly string[]> {
  // Anew and without the fragment, so that the keyboard is nowhere, and nothing is under the mouse.
  await page.mouse.move(0, 0);
  await page.goto(page.url().replace(/#.*/, ""));
  // The time that stands on a message goes on meanwhile, and no font has to have digits that are equally wide.
  await page.evaluate(`for (const time of document.querySelectorAll("time")) time.textContent = "00:00"`);
  const shots: string[] = [];
  for (const selector of selectors) {
    const shot = await page.locator(selector).screenshot({ animations: "disabled" });
    shots.push(shot.toString("base64"));
  }
  return shots;
}

describe("a hostile text", () => {
  it("HTTP-6 is shown as it was written, runs nothing and asks nobody for anything", async () => {
    const { page, oddities } = await signUp(browser(), site.origin, "Mallory");
    await makeChat(page, "x", []);
    for (const text of HOSTILE) await say(page, text);
    const shown = HOSTILE.map((text) => text.replaceAll("\0", "␀"));
    expect(await words(page)).toEqual(shown);
    expect(await page.locator("main *:is(script, style, img, svg, iframe, meta, base, link, object)").count()).toBe(0);
    await page.goto("/dashboard");
    await page.getByText("zero").waitFor();
    expect(oddities).toEqual([]);
  });

  it("HTTP-6 is inert as a chat's name, in the title too", async () => {
    const { page, oddities } = await signUp(browser(), site.origin, "Trudy");
    const name = "</title><script>alert(1)</script>\u202Egpj.exe";
    await makeChat(page, name, []);
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe(name);
    expect(await page.title()).toBe("</title><script>alert(1)</script>gpj.exe – Verbatim");
    await page.goto("/dashboard");
    expect(await page.getByRole("region", { name: "Chats" }).getByRole("link").first().textContent()).toBe(name);
    expect(oddities).toEqual([]);
  });

  it("HTTP-6 is inert as somebody's name", async () => {
    const name = "<img src=x onerror=alert(1)>\"'&";
    const { page, oddities } = await signUp(browser(), site.origin, name);
    await makeChat(page, "x", []);
    await say(page, "hi");
    expect(await page.locator(".message .name").textContent()).toBe(name);
    expect(await page.locator("header bdi").textContent()).toBe(name);
    await page.goto(`/dashboard?find=${encodeURIComponent("<img")}`);
    expect(await page.getByRole("list", { name: "People found" }).locator("bdi").textContent()).toBe(name);
    expect(oddities).toEqual([]);
  });

  it("HTTP-6 stays in its place: marks that pile up and text that turns around touch nothing beside them", async () => {
    const { page } = await signUp(browser(), site.origin, "Zalgo", { viewport: { width: 900, height: 1000 } });
    await makeChat(page, "x", []);
    for (const text of ["above", "gentle", "below"]) await say(page, text);
    // The same two messages around a hostile one must look, to the pixel, as they do around a gentle one.
    const around = ["li.message >> nth=0", "li.message >> nth=2", ".write"];
    const before = await looks(page, around);
    for (const text of [`Z${"\u0301".repeat(10_000)}`, WIDE, "\u202E\u2067\u2066".repeat(50)]) {
      await makeChat(page, "x", []);
      for (const each of ["above", text, "below"]) await say(page, each);
      const after = await looks(page, around);
      const same = after.map((shot, index) => shot === before[index]);
      expect(same, JSON.stringify(text.slice(0, 10))).toEqual([true, true, true]);
    }
  });

  it("HTTP-6 never makes the page wider than the window", async () => {
    const { page } = await signUp(browser(), site.origin, `${"W".repeat(64)}`, {
      viewport: { width: 320, height: 640 },
    });
    await makeChat(page, "W".repeat(128), []);
    for (const text of [
      "W".repeat(3000),
      "a\tb".repeat(300),
      "\u00a0".repeat(2000),
      "字".repeat(500),
      "﷽".repeat(50),
      WIDE,
    ]) {
      await say(page, text);
    }
    expect(await overflow(page)).toBe(0);
    await page.goto("/dashboard");
    expect(await overflow(page)).toBe(0);
  });
});
