/** Test support: what people do on the pages again and again, by mouse. */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect } from "vitest";
import { openWindow, type Window } from "./browser.ts";

/** Opens a window of somebody who runs no script, as the plain pages are for, and signs up in it; ends at one's chats. */
export async function signUp(
  browser: Browser,
  origin: string,
  name: string,
  options: BrowserContextOptions = {},
): Promise<Window> {
  const window = await openWindow(browser, origin, { javaScriptEnabled: false, ...options });
  await window.page.goto("/");
  const form = window.page.getByRole("region", { name: "New here?" });
  await form.getByLabel("Name").fill(name);
  if ((await form.getByLabel("Password").count()) > 0) await form.getByLabel("Password").fill(PASSWORD);
  await form.getByRole("button", { name: "Sign up" }).click();
  await window.page.getByRole("heading", { name: "Your chats" }).waitFor();
  return window;
}

/** The password of everybody who signs up in a test. */
const PASSWORD = "correct horse battery staple";

/** Makes a chat of oneself and others; ends in it. */
export async function makeChat(page: Page, name: string, members: readonly string[]): Promise<void> {
  await page.goto("/dashboard");
  const form = page.getByRole("region", { name: "Make a chat" });
  await form.getByLabel("What it is called").fill(name);
  await form.getByLabel("Who else is in it").fill(members.join("\n"));
  await form.getByRole("button", { name: "Make it" }).click();
  await page.getByLabel("Your message").waitFor();
}

/** Writes a message in the chat that is open, and waits until it stands there, and the page looks as it is meant to. */
export async function say(page: Page, text: string): Promise<void> {
  const before = await page.locator(".message").count();
  await page.getByLabel("Your message").fill(text);
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator(".message").nth(before).waitFor();
  // It stands there before the stylesheet has come.
  await page.waitForLoadState();
}

/** The texts of the messages that stand on the page. */
export function words(page: Page): Promise<string[]> {
  return page.locator(".text").allTextContents();
}

/**
 * Waits until exactly these texts of messages stand on the page. For after a click that leads to another page: it is over
 * when the first of that page has come.
 */
export async function reads(page: Page, wanted: readonly string[]): Promise<void> {
  await expect.poll(() => words(page)).toEqual(wanted);
}
