/**
 * `GET /chats/{id}/events`: a session that follows one room without being present in it, from now or from an earlier
 * record on.
 */
import { Following } from "../fanout/following.ts";
import type { Room } from "../fanout/room.ts";
import type { Session } from "../fanout/session.ts";
import { CommandError } from "./command-error.ts";
import type { CommandContext } from "./context.ts";

/** Follows a room. `after` = the last seq that the client knows; `undefined` = from now on. */
export async function follow(
  context: CommandContext,
  session: Session,
  text: string,
  after: number | undefined,
): Promise<void> {
  const { access, catchUp } = context;
  const find = (): Promise<Room> =>
    isAnybody(context, session, text)
      ? access.room(undefined, text, "read")
      : access.room(session, text, after === undefined ? "read" : "resume");
  let room = await find();
  if (after !== undefined && after > room.head) {
    // Another node may have told it a record that this one has yet to hear.
    await access.settle(text);
    room = await find();
  }
  if (after !== undefined && after > room.head) {
    throw new CommandError("bad_field", `after lies beyond the newest record, which is ${room.head}`);
  }
  if (session.ended) return;
  const following = new Following(session, room, after ?? room.head, after === undefined ? "live" : "after", false);
  session.followings.set(room, following);
  room.followers.add(following);
  if (!following.live) catchUp.start(session);
}

/**
 * Whether a session is that of a request in open mode that did not say who it is: it may read any chat, and so follow one.
 * In a public room it is a guest like others, for there it may be banned.
 */
function isAnybody({ access, authenticator }: CommandContext, session: Session, text: string): boolean {
  if (authenticator.mode !== "open" || session.credential?.type !== "guest") return false;
  const room = access.roomOf(text);
  return room === undefined || room.roster !== undefined;
}
