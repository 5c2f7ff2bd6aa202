/**
 * Stage 1, the pages: the chat or public room that an address names, and what its reader may do there. The table of
 * permissions is asked only for what to show; the API asks it again for what to do.
 */
import { type Action, isAllowed, type Role } from "../../auth/permissions.ts";
import type { Actor, User } from "../../auth/user.ts";
import type { Chat } from "../../commands/chat.ts";
import type { Place, Rights } from "./chat-page.ts";
import { chatTitle, otherIn } from "./dashboard-page.ts";
import type { PagesApi, Person } from "./door.ts";
import { chatPath, roomPath } from "./paths.ts";

/** The place of an id, or of a public room's name. Throws `unknown_room`. */
export async function placeOf(api: PagesApi, who: Actor, id: string): Promise<Place> {
  const room = api.rooms().find((each) => each.id === id || each.name === id);
  if (room !== undefined) {
    return { path: roomPath(room), title: room.name, description: room.description, chat: undefined };
  }
  const chat = await api.chat(who, id);
  const other = otherIn(chat, who.user);
  const names = await api.names(other === undefined ? [] : [other]);
  return { path: chatPath(chat.id), title: chatTitle(chat, who.user, names), description: "", chat };
}

/** Some members of a chat, by name. */
export async function membersOf(api: PagesApi, chat: Chat, skip: number, count: number): Promise<readonly Person[]> {
  const ids = chat.members.slice(skip, skip + count);
  const names = await api.names(ids);
  return ids.map((id) => ({ id, name: names.get(id) ?? "somebody without an account" }));
}

/** What a user may do in a place. */
export function rightsOf(user: User, chat: Chat | undefined): Rights {
  const roles = rolesOf(user, chat);
  const may = (action: Action): boolean =>
    isAllowed(chat === undefined ? "public" : "chat", chat?.isDirect === true, roles, action);
  return {
    post: may("post"),
    addMember: may("add_member"),
    removeMember: may("remove_member"),
    leave: may("leave"),
    removeOwnMessage: may("remove_own_message"),
    removeMessage: may("remove_message"),
  };
}

function rolesOf(user: User, chat: Chat | undefined): readonly Role[] {
  if (user.isGuest) return ["guest"];
  const roles: Role[] = user.isAdmin ? ["admin"] : [];
  if (chat?.owner === user.id) roles.push("owner");
  else roles.push(chat?.members.includes(user.id) === true ? "member" : "outsider");
  return roles;
}
