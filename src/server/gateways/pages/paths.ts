/**
 * Stage 1, the pages: where a thing of theirs is found. Ids and names come from outside, so each is encoded. Pure.
 */
import type { PublicRoom } from "../../commands/api.ts";

/** A name that stands in an address as it is. */
const SIMPLE_NAME = /^[a-z0-9][a-z0-9-]{0,63}$/i;

/** A chat, or a public room. */
export function chatPath(id: string): string {
  return `/ui/chats/${encodeURIComponent(id)}`;
}

/** A public room, by its name where that is readable. */
export function roomPath({ id, name }: Pick<PublicRoom, "id" | "name">): string {
  return chatPath(SIMPLE_NAME.test(name) ? name : id);
}

/** The sign-in page of somebody who asked for another one, to which it leads on. */
export function signInPath(wanted: string): string {
  return isChatPath(wanted) ? `/?to=${encodeURIComponent(wanted)}` : "/";
}

/**
 * Whether somebody may be led on to a path that anybody may have written: of the pages of chats alone, and of none that
 * only leads on itself.
 */
export const isChatPath = (path: string): boolean => /^\/ui\/chats\/[\w.~%!'()*:@-]+(\/members)?$/.test(path);

/**
 * The newest messages of a chat, anew: the answer leads on to their end. A link to `#…` on the page that is open would
 * only scroll it.
 */
export function latestPath(path: string): string {
  return `${path}/latest`;
}

/** The id of the last thing below the newest messages. */
export const END_ID = "end";

/** The id of the text area in which a message is written. */
export const WRITE_ID = "write";

/** A chat or room with the keyboard where one writes. */
export function writePath(id: string): string {
  return `${chatPath(id)}#${WRITE_ID}`;
}

/** The id of a message's element. */
export function messageAnchor(seq: number): string {
  return `m-${seq}`;
}
