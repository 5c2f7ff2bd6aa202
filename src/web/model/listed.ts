/**
 * The web client's model: what the server lists, as entries. Pure.
 */
import type { ChatSummary, PublicRoom } from "../../sdk/index.ts";
import { directTitle, type Entry, fromListed } from "./entry.ts";
import { placeOfPublic } from "./route.ts";

/** A chat of one's own. `me` = one's own name. */
export function entryOfChat(chat: ChatSummary, known: Entry | undefined, me: string): Entry {
  const { id, name, members, createdAt, ownerId, isDirect, lastSeq, unread, lastMessage } = chat;
  const last =
    lastMessage === undefined
      ? undefined
      : {
          seq: lastMessage.seq,
          user: lastMessage.user,
          text: lastMessage.text,
          time: lastMessage.time,
          isRemoved: lastMessage.isRemoved,
        };
  const listed = {
    ...{ room: id, kind: isDirect ? ("direct" as const) : ("chat" as const), members, owner: ownerId, createdAt },
    ...{ title: isDirect ? directTitle(name, me) : name, last, lastSeq, unread },
  };
  return fromListed(listed, known);
}

/** A public room. One that nobody here has looked into tells nothing of itself but its name. */
export function entryOfPublic(room: PublicRoom, known: Entry | undefined, isFollowed: boolean): Entry {
  const { id, name, description } = room;
  const told = { room: name, id, place: placeOfPublic(id, name), kind: "public" as const, title: name, description };
  if (known !== undefined) return { ...known, ...told, isFollowed: known.isFollowed || isFollowed };
  return {
    ...told,
    ...{
      members: [],
      owner: undefined,
      last: undefined,
      lastSeq: 0,
      unread: 0,
      activeAt: 0,
      isFollowed,
      lost: undefined,
    },
  };
}
