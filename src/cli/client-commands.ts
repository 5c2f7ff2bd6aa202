/**
 * The command line: the commands that are clients of a server, `tui`, `send` and `tail`, with their flags and help.
 * Their work stands in files of their own, loaded when it is asked for.
 */
import { type Command, InvalidArgumentError } from "commander";
import type { GivenOptions as Given } from "./setting-flags.ts";

const SERVER = "localhost:8080";

const WHO = `
Without a token you are a guest. A token never stands in the command itself, for the list of processes and the shell's
history show it: put it into the environment as VERBATIM_TOKEN, or into a file for --token-file.`;

/** Adds the commands; `finish` hears the exit code. */
export function addClients(program: Command, finish: (exitCode: number) => void): void {
  withServer(
    program
      .command("tui")
      .description("talk in the terminal")
      .argument("[HOST:PORT]", `the server's TCP port (without it one is asked; ${SERVER} is filled in)`),
    false,
  )
    .option("--room <ROOM>", "open this room once connected")
    .option("--session-file <FILE>", "be the same guest in the next run: keep the session in this file")
    .action(async (server: string | undefined, given: Given) => {
      const { tui } = await import("./tui.ts");
      finish(
        await tui({ server, room: textOf(given, "room"), sessionFile: textOf(given, "sessionFile"), ...who(given) }),
      );
    });
  withServer(
    program
      .command("send")
      .description("say something in a room; ends once it is on the server's disk")
      .argument("<ROOM>", "the name of a public room, or the id of a chat")
      .argument("[TEXT]", "what to say; `-` or nothing reads standard input, one message a line"),
    true,
  )
    .option("--whole", "standard input is one message, line breaks and all")
    .option("--within <SECONDS>", "how long to go on trying", seconds, 30)
    .action(async (room: string, text: string | undefined, given: Given) => {
      const { send } = await import("./send.ts");
      const { server, ...rest } = { ...who(given), server: serverOf(given) };
      finish(await send({ room, text, server, isWhole: isOn(given, "whole"), withinMs: withinMs(given), ...rest }));
    });
  withServer(
    program
      .command("tail")
      .description("print what is said in a room, one message a line, until you stop it")
      .argument("<ROOM>", "the name of a public room, or the id of a chat"),
    true,
  )
    .option("--after <SEQ>", "begin after the message with this number", wholeNumber)
    .option("--last <N>", "begin with the last so many (10 unless --after is given)", wholeNumber)
    .option("--no-follow", "end when all that was said so far has been printed")
    .option("--json", "one JSON object a line")
    .option("--within <SECONDS>", "how long to go on trying to connect at the beginning", seconds, 30)
    .action(async (room: string, given: Given) => {
      const { tail } = await import("./tail.ts");
      const [after, last] = [numberOf(given, "after"), numberOf(given, "last")];
      const { server, ...rest } = { ...who(given), server: serverOf(given) };
      const how = { after, last, isJson: isOn(given, "json"), follows: given["follow"] !== false };
      finish(await tail({ room, server, ...how, withinMs: withinMs(given), ...rest }));
    });
}

function withServer(command: Command, hasServerFlag: boolean): Command {
  if (hasServerFlag) command.option("--server <HOST:PORT>", "the server's TCP port", SERVER);
  return command
    .option("--token-file <FILE>", "a file with the token to sign in with (VERBATIM_TOKEN)")
    .option("--tls", "the server's TCP port speaks TLS")
    .addHelpText("after", WHO);
}

const textOf = (given: Given, name: string): string | undefined => {
  const value = given[name];
  return typeof value === "string" ? value : undefined;
};
const numberOf = (given: Readonly<Record<string, unknown>>, name: string): number | undefined => {
  const value = given[name];
  return typeof value === "number" ? value : undefined;
};
const isOn = (given: Given, name: string): boolean => given[name] === true;
const serverOf = (given: Given): string => textOf(given, "server") ?? SERVER;
const who = (given: Given) => ({ tokenFile: textOf(given, "tokenFile"), isTls: isOn(given, "tls") });
const withinMs = (given: Given): number => (numberOf(given, "within") ?? 30) * 1000;

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("It is a whole number, 0 or more.");
  return Number(text);
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 86_400)) throw new InvalidArgumentError("It is a number of seconds, 86400 at most.");
  return value;
}
