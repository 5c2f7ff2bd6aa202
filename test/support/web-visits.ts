/**
 * Test support: a built server with its web client, and what people do in the client again and again.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { openWindow, type Window } from "./browser.ts";
import { type SpawnedServer, startServer } from "./spawned-server.ts";

/** A server as its package has it, over a data folder that goes away with it. */
export interface WebSite {
  readonly port: number;
  readonly origin: string;
  /** Its data folder, for commands that run beside it. */
  readonly dataDir: string;
  /** Kills it as a power cut would, and starts it again on the same ports and data. */
  crash(): Promise<void>;
  /** Starts it again after `crash`. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A few rooms are enough, and are soon looked through. */
const ROOMS = [
  { name: "general", description: "For whatever has no room of its own." },
  { name: "rust", description: "Borrowing, lending and other matters of the heart." },
];

/** The password of everybody. */
export const PASSWORD = "correct horse battery staple";

/** Starts one; in open mode unless told. */
export async function openWebSite(args: readonly string[] = []): Promise<WebSite> {
  const folder = mkdtempSync(join(tmpdir(), "verbatim-web-"));
  const dataDir = join(folder, "data");
  const rooms = join(folder, "rooms.json");
  writeFileSync(rooms, JSON.stringify(ROOMS));
  const flags = ["--rooms", rooms, ...args];
  let server: SpawnedServer = await startServer({ dataDir, args: flags });
  const port = server.httpPort ?? 0;
  return {
    ...{ port, origin: `http://localhost:${port}`, dataDir },
    crash: async () => void (await server.kill("SIGKILL")),
    restart: async () => {
      server = await startServer({ dataDir, args: [...flags, "--http", `127.0.0.1:${port}`] });
    },
    stop: async () => {
      await server.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Opens a window and comes in under a name, which is new; ends at one's chats, with the connection open. */
export async function comeIn(
  browser: Browser,
  site: WebSite,
  name: string,
  options: BrowserContextOptions = {},
): Promise<Window> {
  const window = await openWindow(browser, site.origin, options);
  const { page } = window;
  await page.goto("/");
  await page.getByRole("heading", { level: 1 }).waitFor();
  const create = page.getByRole("button", { name: "Create an account" });
  if ((await create.count()) > 0) await create.click();
  await page.getByLabel("Name").fill(name);
  if ((await page.getByLabel("Password").count()) > 0) await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: /^(Continue|Create account)$/ }).click();
  await page.locator(".oneself").getByText("online").waitFor();
  return window;
}

/** Makes a chat with others; ends in it. */
export async function makeWebChat(page: Page, name: string, members: readonly string[]): Promise<void> {
  await page.getByRole("navigation").getByRole("button", { name: "New chat" }).click();
  const dialog = page.getByRole("dialog", { name: "New chat" });
  // The keyboard is where one begins.
  await dialog.locator("input:focus").and(dialog.getByRole("combobox")).waitFor();
  for (const member of members) {
    await dialog.getByRole("combobox").fill(member);
    await dialog.getByRole("option", { name: member }).click();
  }
  await dialog.getByRole("textbox", { name: "Name", exact: true }).fill(name);
  await dialog.getByRole("button", { name: "Create chat" }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
}

/** Says something in the chat that is open. */
export async function sayInWeb(page: Page, text: string): Promise<void> {
  const field = page.getByRole("main").getByRole("textbox");
  await field.fill(text);
  await field.press("Enter");
  await page.getByRole("log").getByText(text, { exact: true }).waitFor();
}

/** A chat or room in the list at the side. */
export const inList = (page: Page, title: string) =>
  page
    .getByRole("navigation")
    .getByRole("listitem")
    .filter({ has: page.locator("bdi", { hasText: new RegExp(`^${title}$`) }) })
    .getByRole("link");

/** What is seriously wrong with a page for those who need help to use it, by all rules or some; nothing, if all is well. */
export async function axeFindings(page: Page, rules?: readonly string[]): Promise<readonly string[]> {
  // There are no frames, for which it would open another page each time.
  const builder = new AxeBuilder({ page }).setLegacyMode(true);
  if (rules !== undefined) builder.withRules([...rules]);
  const { violations } = await builder.analyze();
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
}
