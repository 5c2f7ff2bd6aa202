/**
 * Test support: a Chromium that is on the machine, driven by playwright-core. Nothing is downloaded. Where there is
 * none, tests are skipped, and say so loudly; in CI a skipped test is a failed one.
 */
import { spawnSync } from "node:child_process";
import { type Browser, chromium } from "playwright-core";

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

/** Why there is no browser. */
export const NO_BROWSER =
  "no Chromium here: `apt-get install chromium` (or a Chrome of your own: CHROMIUM=/path/to/it), then run this again";

/** The command of a Chromium that runs, or `undefined`. */
export function findChromium(): string | undefined {
  const named = process.env["CHROMIUM"] ?? "";
  for (const command of named === "" ? NAMES : [named]) {
    const { status, stdout } = spawnSync("sh", ["-c", 'command -v "$1"', "sh", command], { encoding: "utf8" });
    if (status === 0) return stdout.trim();
  }
  process.stderr.write(`\n*** browser tests are skipped: ${NO_BROWSER} ***\n\n`);
  return undefined;
}

/** Starts it with a fresh profile. `args` are more flags. */
export async function openBrowser(command: string, args: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: command, headless: true, args: [...QUIET, ...args] });
}
