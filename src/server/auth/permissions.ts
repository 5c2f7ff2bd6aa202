/**
 * Who may do what: one table (CMD-4). `docs/permissions.md` shows the same one, and a test walks every cell over every
 * door. Pure.
 */

/** What somebody may want to do in a room. */
export const ACTIONS = [
  "see",
  "join",
  "read",
  "resume",
  "post",
  "mark_read",
  "remove_own_message",
  "remove_message",
  "add_member",
  "remove_member",
  "leave",
  "ban",
] as const;

/** One of `ACTIONS`. */
export type Action = (typeof ACTIONS)[number];

/**
 * What somebody is in a room; an admin may be a member or owner besides. `outsider`: an account that is not a member, in
 * a public room everybody who has one. `removed`: an outsider who was a member once.
 */
export const ROLES = ["guest", "banned", "outsider", "member", "owner", "admin", "removed"] as const;

/** One of `ROLES`. */
export type Role = (typeof ROLES)[number];

/** The two kinds of room: one of the rooms file, which is everybody's, and one with members. */
export type RoomKind = "public" | "chat";

const NOTHING: readonly Action[] = [];
/** What everybody may do in a public room, guests too. */
export const TAKE_PART: readonly Action[] = ["see", "join", "read", "resume", "post"];
const WITH_ACCOUNT: readonly Action[] = [...TAKE_PART, "mark_read", "remove_own_message"];
const MEMBER: readonly Action[] = [...WITH_ACCOUNT, "add_member", "leave"];

/** The table: kind of room → role → what is allowed. What does not stand here is refused. */
export const PERMISSIONS: Readonly<Record<RoomKind, Readonly<Record<Role, readonly Action[]>>>> = {
  public: {
    guest: TAKE_PART,
    banned: NOTHING,
    outsider: WITH_ACCOUNT,
    // Nobody is a member of a public room; whoever has an account is what they would be.
    member: WITH_ACCOUNT,
    owner: WITH_ACCOUNT,
    admin: [...WITH_ACCOUNT, "remove_message", "ban"],
    removed: WITH_ACCOUNT,
  },
  chat: {
    guest: NOTHING,
    banned: NOTHING,
    outsider: NOTHING,
    member: MEMBER,
    owner: [...MEMBER, "remove_message", "remove_member"],
    // Moderates without reading along: a chat is private to its members.
    admin: ["see", "remove_message", "remove_member"],
    removed: NOTHING,
  },
};

/** In the chat of two nobody comes, goes or is sent away: there is one for each pair, for ever. */
export const NOT_IN_DIRECT: readonly Action[] = ["add_member", "remove_member", "leave"];

/** Whether somebody in these roles may do something. */
export function isAllowed(kind: RoomKind, isDirect: boolean, roles: readonly Role[], action: Action): boolean {
  if (isDirect && NOT_IN_DIRECT.includes(action)) return false;
  return roles.some((role) => PERMISSIONS[kind][role].includes(action));
}
