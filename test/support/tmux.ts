/**
 * Test support: a real terminal, by tmux: a program runs in it, keys are pressed, and its screen is read. Each terminal
 * has a tmux server of its own, which ends with it.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { until } from "./until.ts";

const SEEN_WITHIN_MS = 60_000;

/** Single quotes, for a shell. */
const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** A terminal with a program in it. */
export class TmuxTerminal {
  readonly #name: string;
  readonly #folder: string;

  private constructor(name: string, folder: string) {
    this.#name = name;
    this.#folder = folder;
  }

  /** Starts a program with its arguments in a terminal of that size. */
  static start(
    command: readonly string[],
    size: { readonly columns: number; readonly rows: number },
    env: Readonly<Record<string, string>> = {},
  ): TmuxTerminal {
    const folder = mkdtempSync(join(tmpdir(), "verbatim-tmux-"));
    const terminal = new TmuxTerminal(join(folder, "socket"), folder);
    const settings = Object.entries(env).map(([name, value]) => `${name}=${quoted(value)}`);
    // What is so before and after, whose process it is, and how it ended.
    const program = `echo $$ > ${folder}/pid; exec env ${settings.join(" ")} ${command.map(quoted).join(" ")}`;
    const script = `echo BEFORE; stty -a > ${folder}/before; sh -c ${quoted(program)}; echo EXIT $?; stty -a > ${folder}/after; echo AFTER; cat`;
    const place = ["-x", String(size.columns), "-y", String(size.rows)];
    terminal.#tmux("new-session", "-d", ...place, "-s", "a", "sh");
    terminal.#tmux("set", "-g", "status", "off");
    terminal.#tmux("pipe-pane", "-t", "a", `cat > ${folder}/output`);
    terminal.#tmux("respawn-pane", "-k", "-t", "a", script);
    return terminal;
  }

  /** What the program wrote to the terminal, escape sequences and all. */
  output(): string {
    return readFileSync(join(this.#folder, "output"), "utf8");
  }

  /** The terminal's settings before the program ran, and after. */
  settings(): readonly [before: string, after: string] {
    const read = (name: string): string =>
      readFileSync(join(this.#folder, name), "utf8").replace(/columns \d+;|rows \d+;/g, "");
    return [read("before"), read("after")];
  }

  get pid(): number {
    return Number(readFileSync(join(this.#folder, "pid"), "utf8"));
  }

  /** The screen, as text. */
  screen(): string {
    return this.#tmux("capture-pane", "-p", "-t", "a");
  }

  /** Waits until the screen matches, and gives it. */
  async shows(pattern: RegExp, withinMs = SEEN_WITHIN_MS): Promise<string> {
    return until(
      withinMs,
      () => `${pattern} on the screen:\n${this.screen()}`,
      () => {
        const screen = this.screen();
        return pattern.test(screen) ? screen : undefined;
      },
    );
  }

  /**
   * Waits until the screen is as `looks` asserts, and gives it. For more than one thing at once: a screen may be read
   * while a frame is being drawn, and then has one of them and not yet the other.
   */
  async looks(looks: (screen: string) => void): Promise<string> {
    return vi.waitFor(
      () => {
        const screen = this.screen();
        looks(screen);
        return screen;
      },
      { timeout: SEEN_WITHIN_MS, interval: 20 },
    );
  }

  /** Types a text as it stands. */
  type(text: string): void {
    this.#tmux("send-keys", "-l", "-t", "a", text);
  }

  /** Presses keys by the names that tmux has for them. */
  press(...keys: readonly string[]): void {
    this.#tmux("send-keys", "-t", "a", ...keys);
  }

  /** Pastes, between marks where the program asks for them, as a terminal does. */
  paste(text: string): void {
    const run = spawnSync("tmux", [...this.#at, "load-buffer", "-"], { input: text });
    if (run.status !== 0) throw new Error(`tmux load-buffer: ${run.stderr}`);
    this.#tmux("paste-buffer", "-p", "-t", "a");
  }

  resize(columns: number, rows: number): void {
    this.#tmux("resize-window", "-t", "a", "-x", String(columns), "-y", String(rows));
  }

  /** Something that tmux knows of the terminal, such as `alternate_on`. */
  knows(name: string): string {
    return this.#tmux("display-message", "-p", "-t", "a", `#{${name}}`).trim();
  }

  /** Ends the terminal, with whatever runs in it. */
  end(): void {
    spawnSync("tmux", [...this.#at, "kill-server"]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #at(): readonly string[] {
    return ["-S", this.#name, "-f", "/dev/null"];
  }

  #tmux(...args: readonly string[]): string {
    const run = spawnSync("tmux", [...this.#at, ...args], { encoding: "utf8" });
    if (run.status !== 0) throw new Error(`tmux ${args.join(" ")}: ${run.stderr}`);
    return run.stdout;
  }
}
