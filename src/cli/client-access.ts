/** The command line: how the commands that are clients sign in, and the connection of those that have no screen. */
import { readFileSync } from "node:fs";
import { ChatClient, type ChatClientOptions, type EndReason } from "../sdk/index.ts";
import { tcpTransport } from "../sdk/tcp-transport.ts";
import { readClientEnvironment } from "../server/config/env.ts";
import { StartError } from "../server/start-error.ts";
import { parseAddress } from "../tui/address.ts";
import { sanitizeLine } from "../tui/text/sanitize.ts";

/** Exit code: the server can't be reached, or went away for too long. */
export const EXIT_UNREACHABLE = 3;

/** Exit code: the server said no. */
export const EXIT_REFUSED = 4;

/** Exit code of a program that ctrl-c ended. */
export const EXIT_INTERRUPTED = 130;

/** How one signs in. */
export interface Access {
  readonly tokenFile: string | undefined;
  readonly isTls: boolean;
}

/**
 * The token of a file, or of the environment; `undefined` for a guest.
 * @throws StartError where the file can't be read
 */
export function readToken({ tokenFile }: Access): string | undefined {
  if (tokenFile === undefined) return readClientEnvironment().token;
  try {
    const token = readFileSync(tokenFile, "utf8").trim();
    if (token === "") throw new StartError(`--token-file: ${tokenFile} is empty`);
    return token;
  } catch (error) {
    if (error instanceof StartError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new StartError(`--token-file: ${tokenFile} can't be read (${why})`, { cause: error });
  }
}

/**
 * A client of the server, not connected yet.
 * @throws StartError where the address is none
 */
export function clientOf(server: string, access: Access, more: Partial<ChatClientOptions> = {}): ChatClient {
  const address = parseAddress(server);
  if (typeof address === "string") throw new StartError(`--server: ${address}`);
  const token = readToken(access);
  return new ChatClient({ connect: tcpTransport({ ...address, tls: access.isTls }), token, ...more });
}

/** Why a client ended, in words, and the exit code that goes with it. */
export function endOf(reason: EndReason): { readonly text: string; readonly exitCode: number } {
  return { text: `the server said no: ${sanitizeLine(reason.text)} (${reason.code})`, exitCode: EXIT_REFUSED };
}
