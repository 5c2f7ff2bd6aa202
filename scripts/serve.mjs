/**
 * A server of `dist/` for the scripts that look at one: on free ports of loopback, over a folder that the caller removes.
 */
import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** The built program. */
export const BIN = fileURLToPath(new URL("../dist/bin.js", import.meta.url));

const LOOK_EVERY_MS = 50;

/**
 * Starts one over `data`; resolves with its process and where it listens, both `HOST:PORT`, once it does. Throws with what
 * it said where it ends before that.
 */
export async function serve(data) {
  const doors = ["--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0"];
  const args = [BIN, "serve", "--data", data, ...doors, "--log-format", "json"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  for (;;) {
    const [, tcp] = /"tcp":"([^"]+)"/.exec(said) ?? [];
    const [, http] = /"http":"([^"]+)"/.exec(said) ?? [];
    if (tcp !== undefined && http !== undefined) return { child, tcp, http };
    if (child.exitCode !== null) throw new Error(`the server did not start (npm run build): ${said}`);
    await delay(LOOK_EVERY_MS);
  }
}
