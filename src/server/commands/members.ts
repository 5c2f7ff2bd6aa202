/**
 * `POST /chats/{id}/members`, `DELETE /chats/{id}/members/{user_id}`: who comes into a chat and who goes. Each is a record
 * in the room's log, so every session and node learns of it in order.
 */
import type { Actor } from "../auth/user.ts";
import type { MemberNamed } from "../projector/roster.ts";
import type { Uuid } from "../record.ts";
import { appendOnce } from "./append.ts";
import { type Chat, chatOf, rosterOf } from "./chat.ts";
import { CommandError } from "./command-error.ts";
import type { CommandContext } from "./context.ts";
import { accountsOf } from "./create-chat.ts";

/** Adds members; those who are there already stay. */
export async function addMembers(
  context: CommandContext,
  who: Actor,
  text: string,
  users: readonly Uuid[],
): Promise<Chat> {
  const { access, appender, rosters, limits } = context;
  const room = await access.room(who, text, "add_member");
  const roster = rosterOf(room);
  const accounts = await accountsOf(context, new Set(users));
  const coming = accounts.filter(({ id }) => !roster.members.has(id));
  if (roster.members.size + coming.length > limits.membersMax) {
    throw new CommandError("too_many_members", `a chat has ${limits.membersMax} members at most`);
  }
  for (const { id, name } of coming) {
    if (rosters.ofUser(id).size < limits.chatsPerUserMax) continue;
    throw new CommandError("too_many_chats", `${name} is in ${limits.chatsPerUserMax} chats already`);
  }
  await Promise.all(
    coming.map(({ id, name }) => {
      const body = JSON.stringify({ id, name } satisfies MemberNamed);
      return appendOnce(appender, { kind: "member_added", room, sender: who.user, body });
    }),
  );
  return chatOf(roster);
}

/** Removes a member, or leaves. Throws `unknown_user` where they are not in it. */
export async function removeMember(context: CommandContext, who: Actor, text: string, user: Uuid): Promise<void> {
  const { access, accounts, appender } = context;
  const room = await access.room(who, text, user === who.user.id ? "leave" : "remove_member");
  if (!rosterOf(room).members.has(user)) throw new CommandError("unknown_user", "they are not in this chat");
  const name = (await accounts.account(user))?.name ?? "";
  const body = JSON.stringify({ id: user, name } satisfies MemberNamed);
  await appendOnce(appender, { kind: "member_removed", room, sender: who.user, body });
}
