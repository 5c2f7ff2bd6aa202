/**
 * The command line: the commands about people, `user`, `token` and `invite`, with their flags and help. Their work
 * stands in `user.ts` and `token.ts`, loaded when it is asked for.
 */
import type { Command } from "commander";
import { PLACE_KEYS } from "../server/config/place-setting.ts";
import { StartError } from "../server/start-error.ts";
import type { PlaceOptions } from "./people.ts";
import { addSettingFlags, type GivenOptions as Given, givenConfig, givenFlags } from "./setting-flags.ts";

const INVITE_DAYS = "7";

/** Adds the commands; `finish` hears the exit code. */
export function addPeople(program: Command, finish: (exitCode: number) => void): void {
  const user = program.command("user").description("accounts; may run beside a server");
  withPlace(user.command("add").description("make an account").argument("<NAME>", "its name"))
    .option("--admin", "who may moderate public rooms and chats")
    .option("--password-stdin", "read the password from standard input")
    .action(async (name: string, given: Given) => {
      const { addUser } = await import("./user.ts");
      await addUser(
        { ...placeIn(given), admin: isOn(given, "admin"), passwordStdin: isOn(given, "passwordStdin") },
        name,
      );
      finish(0);
    });
  withPlace(user.command("list").description("print all accounts: id, when it was made, what it is, name"))
    .option("--json", "one JSON object a line")
    .action(async (given: Given) => {
      const { listUsers } = await import("./user.ts");
      await listUsers({ ...placeIn(given), json: isOn(given, "json") });
      finish(0);
    });
  withPlace(
    user.command("disable").description("shut an account and end its sign-ins and tokens").argument("<NAME>"),
  ).action(async (name: string, given: Given) => {
    const { disableUser } = await import("./user.ts");
    await disableUser(placeIn(given), name);
    finish(0);
  });
  withPlace(user.command("enable").description("open an account again").argument("<NAME>")).action(
    async (name: string, given: Given) => {
      const { enableUser } = await import("./user.ts");
      await enableUser(placeIn(given), name);
      finish(0);
    },
  );
  withPlace(
    user
      .command("password")
      .description("set a password, also of an account made in open mode; ends its sign-ins and tokens")
      .argument("<NAME>"),
  )
    .option("--password-stdin", "read the password from standard input")
    .action(async (name: string, given: Given) => {
      const { setPassword } = await import("./user.ts");
      await setPassword({ ...placeIn(given), passwordStdin: isOn(given, "passwordStdin") }, name);
      finish(0);
    });
  withPlace(user.command("admin").description("make somebody an admin, or no more").argument("<NAME>"))
    .option("--grant", "they are one")
    .option("--revoke", "they are none any more")
    .action(async (name: string, given: Given) => {
      const isAdmin = isOn(given, "grant");
      if (isAdmin === isOn(given, "revoke")) throw new StartError("say either --grant or --revoke");
      const { setAdmin } = await import("./user.ts");
      await setAdmin(placeIn(given), name, isAdmin);
      finish(0);
    });
  addTokens(program, finish);
}

function addTokens(program: Command, finish: (exitCode: number) => void): void {
  const token = program.command("token").description("tokens for programs; may run beside a server");
  withPlace(
    token.command("create").description("make a token and print it, this once").argument("<NAME>", "whose it is"),
  )
    .requiredOption("--label <TEXT>", "what it is for")
    .option("--days <N>", "how long it is good; without it until it is revoked")
    .action(async (name: string, given: Given) => {
      const { createToken } = await import("./token.ts");
      await createToken({ ...placeIn(given), label: textOf(given, "label") ?? "", days: textOf(given, "days") }, name);
      finish(0);
    });
  withPlace(
    token
      .command("list")
      .description("print somebody's tokens: id, when it was made, when it ends, label")
      .argument("<NAME>"),
  )
    .option("--json", "one JSON object a line")
    .action(async (name: string, given: Given) => {
      const { listTokens } = await import("./token.ts");
      await listTokens({ ...placeIn(given), json: isOn(given, "json") }, name);
      finish(0);
    });
  withPlace(
    token.command("revoke").description("end a token").argument("<NAME>").argument("<ID>", "as token list shows it"),
  ).action(async (name: string, id: string, given: Given) => {
    const { revokeToken } = await import("./token.ts");
    await revokeToken(placeIn(given), name, id);
    finish(0);
  });
  addSettingFlags(program.command("invite").description("make an invite to sign up and print it, this once"), [
    ...PLACE_KEYS,
    "origin",
  ])
    .option("--days <N>", "how long it is good", INVITE_DAYS)
    .action(async (given: Given) => {
      const { createInvite } = await import("./token.ts");
      await createInvite({ ...placeIn(given), days: textOf(given, "days") ?? INVITE_DAYS });
      finish(0);
    });
}

/** The data folder, or the database of a cluster, is found as `verbatim serve` finds it. */
const withPlace = (command: Command): Command => addSettingFlags(command, PLACE_KEYS);

const textOf = (given: Given, name: string): string | undefined => {
  const value = given[name];
  return typeof value === "string" ? value : undefined;
};
const isOn = (given: Given, name: string): boolean => given[name] === true;
const placeIn = (given: Given): PlaceOptions => ({ flags: givenFlags(given), config: givenConfig(given) });
