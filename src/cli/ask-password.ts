/**
 * The command line: passwords, from a terminal without showing them or from standard input. Never from an argument:
 * those stand in the list of processes and in the shell's history.
 */
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { PASSWORD_LENGTH_MAX, passwordFault } from "../server/auth/passwords.ts";
import { StartError } from "../server/start-error.ts";
import { prompt } from "./say.ts";

/** Four bytes a character, and the line's end. */
const STDIN_BYTES_MAX = 4 * PASSWORD_LENGTH_MAX + 2;

/**
 * A new password: the only line of standard input, or what is typed twice at the terminal.
 * @throws StartError where there is none to be had, or it is none that one may have
 */
export async function newPassword(isFromStdin: boolean): Promise<string> {
  const password = isFromStdin ? await readLine() : await typeTwice();
  const fault = passwordFault(password);
  if (fault !== undefined) throw new StartError(fault);
  return password;
}

async function readLine(): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > STDIN_BYTES_MAX) throw new StartError("standard input has more than a password in it");
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    throw new StartError("the password on standard input is not UTF-8", { cause: error });
  }
  const line = text.replace(/\r?\n$/, "");
  if (/[\r\n]/.test(line)) throw new StartError("standard input must have one line in it, the password");
  return line;
}

async function typeTwice(): Promise<string> {
  if (process.stdin.isTTY !== true) {
    throw new StartError(
      "there is no terminal to ask for the password at: give it on standard input, --password-stdin",
    );
  }
  const first = await type("password: ");
  const fault = passwordFault(first);
  if (fault !== undefined) throw new StartError(fault);
  if ((await type("again: ")) !== first) throw new StartError("the two passwords differ; nothing was changed");
  return first;
}

/** What is typed, which is not shown. */
async function type(question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  // As a terminal, so that what is typed can be corrected; without a history, so that it is not kept.
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 });
  try {
    return await new Promise<string>((resolve, reject) => {
      const giveUp = (): void => reject(new StartError("given up; nothing was changed"));
      lines.once("line", resolve);
      lines.once("SIGINT", giveUp);
      // Ctrl-D, or the terminal is gone.
      lines.once("close", giveUp);
      // Asked only now, when the terminal shows nothing and ctrl-c comes here.
      prompt(question);
    });
  } finally {
    lines.close();
    prompt("\n");
  }
}
