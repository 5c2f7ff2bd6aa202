/** The command line: what `verbatim token …` and `verbatim invite` do. A secret is printed once, alone on a line. */
import { ApiTokens } from "../server/auth/api-tokens.ts";
import { hashSecret, newSecret } from "../server/auth/secrets.ts";
import { systemChance, systemClock } from "../server/clock.ts";
import { CommandError } from "../server/commands/command-error.ts";
import { readSources } from "../server/config/env.ts";
import { originSetting } from "../server/config/origin-setting.ts";
import type { Account, Directory } from "../server/directory/directory.ts";
import { StartError } from "../server/start-error.ts";
import { IdMaker } from "../server/uuid.ts";
import { msOfDays, type PlaceOptions, requireAccount, show, showTime, withPeople } from "./people.ts";
import { hint, say } from "./say.ts";

/** Makes a token and prints it. */
export async function createToken(
  options: PlaceOptions & { readonly label: string; readonly days: string | undefined },
  name: string,
): Promise<void> {
  const goodForMs = options.days === undefined ? undefined : msOfDays(options.days);
  await withPeople(options, false, async (directory) => {
    const account = await requireAccount(directory, name);
    if (account.isDisabled) throw new StartError(`${account.name} is disabled: verbatim user enable first`);
    const { token, info } = await tokensOf(directory).create(userOf(account), options.label, goodForMs);
    say(token);
    const until = info.expiresAt === undefined ? "until it is revoked" : `until ${showTime(info.expiresAt)} UTC`;
    hint(`token ${info.id} of ${account.name}, good ${until}; it is not shown again`);
  });
}

/** Prints the tokens of a user; as JSON one object a line. Not the tokens themselves: nobody has those. */
export async function listTokens(options: PlaceOptions & { readonly json: boolean }, name: string): Promise<void> {
  await withPeople(options, false, async (directory) => {
    const { id } = await requireAccount(directory, name);
    for (const token of await directory.tokens(id)) {
      const { label, createdAt, expiresAt } = token;
      const ends = expiresAt === undefined ? "-".padEnd(16) : showTime(expiresAt);
      const json = {
        token_id: token.id,
        label,
        created_at: new Date(createdAt).toISOString(),
        expires_at: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
      };
      say(options.json ? JSON.stringify(json) : `${token.id}  ${showTime(createdAt)}  ${ends}  ${label}`);
    }
  });
}

/** Revokes a token. */
export async function revokeToken(options: PlaceOptions, name: string, id: string): Promise<void> {
  await withPeople(options, false, async (directory) => {
    const account = await requireAccount(directory, name);
    const isThere = await directory.removeToken(account.id, id.toLowerCase());
    if (!isThere) throw new StartError(`${account.name} has no token ${show(id)}: verbatim token list shows theirs`);
    say(`revoked token ${id.toLowerCase()} of ${account.name}`);
  });
}

/** Makes an invite and prints it, and how it is sent to somebody as a link. */
export async function createInvite(options: PlaceOptions & { readonly days: string }): Promise<void> {
  const expiresAt = systemClock.now() + msOfDays(options.days);
  const [origin] = originSetting(readSources(options.flags, options.config));
  await withPeople(options, true, async (directory) => {
    const secret = newSecret(systemChance);
    await directory.saveInvite(hashSecret(secret), expiresAt);
    say(secret);
    hint(`lets one person sign up, until ${showTime(expiresAt)} UTC; it is not shown again`);
    // Behind a `#` it reaches no server on its way, and no log.
    if (origin !== undefined) hint(`to send: ${origin}/#invite=${secret}`);
    else hint(`to send: the address of your server, then /#invite=${secret} (--origin puts them together)`);
  });
}

/** The mode that the server runs in is not known here; a token that an operator makes is good in all that have tokens. */
function tokensOf(directory: Directory): Pick<ApiTokens, "create"> {
  const tokens = new ApiTokens({
    directory,
    auth: { mode: "password" },
    clock: systemClock,
    chance: systemChance,
    ids: new IdMaker(systemClock, systemChance),
    ended: () => undefined,
  });
  return {
    create: async (user, label, goodForMs) => {
      try {
        return await tokens.create(user, label, goodForMs);
      } catch (error) {
        throw error instanceof CommandError ? new StartError(error.message, { cause: error }) : error;
      }
    },
  };
}

function userOf({ id, name, isAdmin }: Account) {
  return { id, name, isAdmin, isGuest: false };
}
