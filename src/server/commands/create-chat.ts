/**
 * `POST /chats`: a chat with members, or the one direct chat of two people, whose id is the same whoever asks, so that
 * both at once make one.
 */
import { CHAT_NAME_LENGTH_MAX } from "../../protocol/limits.ts";
import type { Actor, User } from "../auth/user.ts";
import type { Account } from "../directory/directory.ts";
import type { RoomCreated } from "../projector/roster.ts";
import type { Uuid } from "../record.ts";
import { directChatId, isUuid } from "../uuid.ts";
import { appendOnce } from "./append.ts";
import { type Chat, chatOf } from "./chat.ts";
import { CommandError } from "./command-error.ts";
import type { CommandContext } from "./context.ts";

/** What is asked for. */
export interface CreateChat {
  readonly name: string | undefined;
  /** In the order in which they will stand; whoever asks is added at the end where missing. */
  readonly members: readonly Uuid[];
  readonly direct: boolean;
}

/** What there is now. */
export interface CreatedChat {
  readonly chat: Chat;
  /** `false` where the direct chat was there already. */
  readonly isNew: boolean;
}

/** Makes a chat. `who` is `undefined` in open mode only: then the first member owns it. */
export async function createChat(
  context: CommandContext,
  who: Actor | undefined,
  { name, members, direct }: CreateChat,
): Promise<CreatedChat> {
  if (who?.user.isGuest === true) throw new CommandError("forbidden", "guests have no chats; sign up first");
  if (direct) return await createDirect(context, who, members);
  if (name === undefined || name.trim() === "" || [...name].length > CHAT_NAME_LENGTH_MAX) {
    throw new CommandError("bad_field", `name: a chat has a name of 1 to ${CHAT_NAME_LENGTH_MAX} characters`);
  }
  const ids = new Set(members);
  if (who !== undefined) ids.add(who.user.id);
  const accounts = await accountsOf(context, ids);
  const [first] = accounts;
  if (first === undefined) throw new CommandError("bad_field", "members: a chat has one member at least");
  return await create(context, who?.user ?? userOf(first), context.ids.make(), name, accounts, false);
}

async function createDirect(
  context: CommandContext,
  who: Actor | undefined,
  members: readonly Uuid[],
): Promise<CreatedChat> {
  if (who === undefined) throw new CommandError("unauthorized", "a direct chat is between you and somebody: sign in");
  const me = who.user.id;
  const others = [...new Set(members)].filter((id) => id !== me);
  const [other] = others;
  if (other === undefined || others.length > 1) {
    throw new CommandError("bad_field", "members: a direct chat is with exactly one other");
  }
  const accounts = await accountsOf(context, new Set([me, other]));
  const id = directChatId(me, other);
  const there = context.rosters.of(id);
  if (there !== undefined) return { chat: chatOf(there), isNew: false };
  const name = accounts.map((account) => account.name).join(", ");
  return await create(context, who.user, id, name, accounts, true);
}

async function create(
  { rosters, appender, limits }: CommandContext,
  owner: User,
  id: Uuid,
  name: string,
  accounts: readonly Account[],
  direct: boolean,
): Promise<CreatedChat> {
  if (accounts.length > limits.membersMax) {
    throw new CommandError("too_many_members", `a chat has ${limits.membersMax} members at most`);
  }
  const members = accounts.map((account) => account.id);
  for (const account of accounts) {
    if (rosters.ofUser(account.id).size >= limits.chatsPerUserMax) {
      throw new CommandError("too_many_chats", `${account.name} is in ${limits.chatsPerUserMax} chats already`);
    }
  }
  const body: RoomCreated = { name, direct, owner: owner.id, members };
  const room = { id, name: id };
  const { record } = await appendOnce(appender, {
    ...{ kind: "room_created" as const, room, sender: owner, body: JSON.stringify(body) },
  });
  const roster = rosters.of(id);
  if (roster === undefined) throw new Error(`chat ${id} was made and is not there`);
  // Somebody else's record may have come first: there is one direct chat for each pair.
  return { chat: chatOf(roster), isNew: roster.createdBy === record.id };
}

/** The accounts of some ids, in their order. Throws where one is not there. */
export async function accountsOf({ accounts }: CommandContext, ids: Iterable<Uuid>): Promise<Account[]> {
  const found: Account[] = [];
  for (const id of ids) {
    const account = isUuid(id) ? await accounts.account(id) : undefined;
    if (account === undefined) throw new CommandError("unknown_user", `there is no user ${id.slice(0, 64)}`);
    found.push(account);
  }
  return found;
}

const userOf = ({ id, name, isAdmin }: Account): User => ({ id, name, isAdmin, isGuest: false });
