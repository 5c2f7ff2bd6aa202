/** The command line: `verbatim tui`. The terminal client is loaded here, and only where there is a terminal for it. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { preferQuickReact, readClientEnvironment } from "../server/config/env.ts";
import { StartError } from "../server/start-error.ts";
import { DEFAULT_SERVER, parseAddress } from "../tui/address.ts";
import type { SessionKeeper } from "../tui/chat-session.ts";
import { sanitizeLine } from "../tui/text/sanitize.ts";
import { type Access, readToken } from "./client-access.ts";
import { hint } from "./say.ts";

/** What it was asked. */
export interface TuiRequest extends Access {
  /** Where to connect at once; `undefined`: one is asked. */
  readonly server: string | undefined;
  readonly room: string | undefined;
  readonly sessionFile: string | undefined;
}

/** Readable by its owner alone: who has the session is the guest. */
const OWNER_ONLY = 0o600;

/** Unsent messages that are shown at the end; each is cut to so many characters. */
const UNSENT_SHOWN_MAX = 20;
const UNSENT_CHARACTERS_MAX = 200;

/**
 * Runs until one quits; resolves with the exit code.
 * @throws StartError where there is no terminal, or the address is none
 */
export async function tui(request: TuiRequest): Promise<number> {
  const { stdin, stdout } = process;
  if (stdin.isTTY !== true || stdout.isTTY !== true) {
    throw new StartError(
      "verbatim tui needs a terminal; for scripts and pipes there are verbatim send and verbatim tail",
    );
  }
  const server = request.server ?? DEFAULT_SERVER;
  const address = parseAddress(server);
  if (typeof address === "string") throw new StartError(address);
  const token = readToken(request) ?? "";
  const keeper = request.sessionFile === undefined ? undefined : keeperIn(request.sessionFile);
  preferQuickReact();
  const { runTui } = await import("../tui/run-tui.tsx");
  const { exitCode, unsent } = await runTui({
    ...{ server, token, keeper, isTls: request.isTls, connectNow: request.server !== undefined },
    ...{ startRoom: request.room, hasColor: !readClientEnvironment().isPlain },
    ...{ input: stdin, output: stdout, onFrame: undefined },
  });
  if (unsent.length > 0) hint(`verbatim: ${unsent.length} of your messages were not sent:`);
  for (const { room, text } of unsent.slice(0, UNSENT_SHOWN_MAX)) {
    hint(`  ${sanitizeLine(room)}: ${sanitizeLine(text).slice(0, UNSENT_CHARACTERS_MAX)}`);
  }
  return exitCode;
}

/** Keeps guests' sessions in a file, by server. */
function keeperIn(path: string): SessionKeeper {
  const read = (): Record<string, string> => {
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return {};
      throw new StartError(`--session-file: ${path} can't be read`, { cause: error });
    }
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value !== "object" || value === null) throw new Error("not an object");
      return Object.fromEntries(Object.entries(value).filter(([, session]) => typeof session === "string"));
    } catch (error) {
      throw new StartError(`--session-file: ${path} is not a file of sessions`, { cause: error });
    }
  };
  // Looked at before the terminal is taken over, where one line can still be read.
  read();
  return {
    load: (server) => read()[server],
    save: (server, session) => {
      const sessions = read();
      if (sessions[server] === session) return;
      mkdirSync(dirname(path), { recursive: true });
      // Beside it first: a file that is half written would be no file of sessions.
      writeFileSync(`${path}.new`, `${JSON.stringify({ ...sessions, [server]: session })}\n`, { mode: OWNER_ONLY });
      renameSync(`${path}.new`, path);
    },
  };
}
