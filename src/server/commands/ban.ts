/**
 * `POST|DELETE /rooms/{name}/bans`: keeps a user, a guest or an address out of a public room for a time. Told to nobody
 * but whom it concerns: their sessions there end, and they learn why.
 */
import type { Actor } from "../auth/user.ts";
import { canonicalAddress } from "../config/addresses.ts";
import type { Ban } from "../directory/directory.ts";
import { nameKey } from "../name-key.ts";
import { isUuid } from "../uuid.ts";
import { CommandError } from "./command-error.ts";
import type { CommandContext } from "./context.ts";

/** Ten years, in seconds: longer is a mistake. */
const SECONDS_MAX = 10 * 365 * 24 * 60 * 60;

/** What is asked for. */
export interface BanAsked {
  readonly type: Ban["type"];
  /** A user's id; or the name of a user, or of a guest who is here; or an address. */
  readonly subject: string;
  readonly seconds: number;
}

/** Bans somebody. */
export async function ban(context: CommandContext, who: Actor, text: string, asked: BanAsked): Promise<Ban> {
  const { access, bans, clock, accounts } = context;
  const room = await access.room(who, text, "ban");
  const { type, seconds } = asked;
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > SECONDS_MAX) {
    throw new CommandError("bad_field", `seconds: a ban lasts 1 to ${SECONDS_MAX} seconds`);
  }
  const subject = await subjectOf(context, type, asked.subject);
  if (type === "user" && isUuid(subject) && (await accounts.account(subject))?.isAdmin === true) {
    throw new CommandError("forbidden", "an admin can't be banned");
  }
  const until = clock.now() + seconds * 1000;
  const made: Ban = { room: room.id, type, subject, until, by: who.user.id };
  await bans.add(made);
  return made;
}

/** Lifts a ban. */
export async function unban(
  context: CommandContext,
  who: Actor,
  text: string,
  type: Ban["type"],
  subject: string,
): Promise<void> {
  const room = await context.access.room(who, text, "ban");
  if (await context.bans.lift(room.id, type, await subjectOf(context, type, subject))) return;
  throw new CommandError("not_found", "there is no such ban");
}

/** The bans of a room that hold. */
export async function listBans(context: CommandContext, who: Actor, text: string): Promise<readonly Ban[]> {
  const room = await context.access.room(who, text, "ban");
  return context.bans.of(room.id);
}

/** Names become ids: who is banned can't come back under another name. */
async function subjectOf({ accounts, sessions }: CommandContext, type: Ban["type"], subject: string): Promise<string> {
  if (type === "address") {
    const address = canonicalAddress(subject);
    if (address === undefined) throw new CommandError("bad_field", "subject: that is no IP address");
    return address;
  }
  if (isUuid(subject)) return subject;
  const account = (await accounts.search(subject)).find(({ name }) => nameKey(name) === nameKey(subject));
  if (account !== undefined) return account.id;
  for (const { user } of sessions.all()) if (user.isGuest && user.name === subject) return user.id;
  throw new CommandError("unknown_user", "nobody of that name has an account or is here as a guest");
}
