/**
 * Test support: a Chromium that is on the machine, driven by playwright-core. Nothing is downloaded. Where there is
 * none, tests are skipped, and say so loudly; in CI a skipped test is a failed one.
 */
import { spawnSync } from "node:child_process";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";

/** What the machine's Chromium may be called; `CHROMIUM` names another. */
const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Without these it asks the world for updates and other things that no test wants. */
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** What a window waits for at most, for an element or a page. */
const WAIT_MS_MAX = 20_000;

/** Why there is no browser. */
const NO_BROWSER =
  "no Chromium here: `apt-get install chromium` (or a Chrome of your own: CHROMIUM=/path/to/it), then run this again";

/** The command of a Chromium that is here, or `undefined`. */
function findChromium(): string | undefined {
  const named = process.env["CHROMIUM"] ?? "";
  for (const command of named === "" ? NAMES : [named]) {
    const { status, stdout } = spawnSync("sh", ["-c", 'command -v "$1"', "sh", command], { encoding: "utf8" });
    if (status === 0) return stdout.trim();
  }
  process.stderr.write(`\n*** browser tests are skipped: ${NO_BROWSER} ***\n\n`);
  return undefined;
}

/** Gives a file's tests one browser with a fresh profile; `args` are more flags. Where there is none they are skipped. */
export function useBrowser(args: readonly string[] = []): () => Browser {
  const executablePath = findChromium();
  let browser: Browser | undefined;
  beforeAll(async () => {
    if (executablePath === undefined) return;
    browser = await chromium.launch({ executablePath, headless: true, args: [...QUIET, ...args] });
  });
  beforeEach(({ skip }) => {
    if (executablePath === undefined) skip(NO_BROWSER);
  });
  let lasting: readonly BrowserContext[] = [];
  beforeEach(() => {
    lasting = browser?.contexts() ?? [];
  });
  // A page that nobody looks at any more goes on drawing what the next test says.
  afterEach(async () => {
    const opened = browser?.contexts().filter((context) => !lasting.includes(context)) ?? [];
    await Promise.all(opened.map((context) => context.close()));
  });
  afterAll(() => browser?.close());
  return () => {
    if (browser === undefined) throw new Error("the browser is there in a test, not before");
    return browser;
  };
}

/** A window of somebody's own, cookies included, and what it should not have done. */
export interface Window {
  readonly page: Page;
  /** Dialogs that opened, scripts that failed or were stopped, and requests to anybody but `origin`. */
  readonly oddities: string[];
}

/** Opens a window; it goes away with the browser, or when its context is closed. */
export async function openWindow(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<Window> {
  const context = await browser.newContext({ baseURL: origin, ...options });
  context.setDefaultTimeout(WAIT_MS_MAX);
  const page = await context.newPage();
  const oddities: string[] = [];
  page.on("dialog", (dialog) => {
    oddities.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("pageerror", (error) => oddities.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // An answer with an error's status is told here as well; those are what some tests ask for.
    if (!message.text().startsWith("Failed to load resource")) oddities.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(`${origin}/`)) oddities.push(`request: ${request.url()}`);
  });
  return { page, oddities };
}
