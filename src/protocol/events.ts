/**
 * What a session is told: the events of the wire, each with the one function that writes its JSON text. Key order is
 * part of the wire; so these functions write the text themselves instead of handing an object to `JSON.stringify`.
 */
import type { ErrorName } from "./error-codes.ts";

/** The version of the wire that this program speaks. */
const WIRE_VERSION = 1;

/** A room as it stands in `login_successful`: a public room by its name, a chat by its id, with its name to describe it. */
export interface RoomListing {
  readonly name: string;
  readonly description: string;
}

/** The JSON text of a list of rooms: the `rs` of `login_successful`. */
export function roomListings(rooms: readonly RoomListing[]): string {
  return JSON.stringify(rooms.map(({ name, description }) => ({ n: name, d: description })));
}

/** `login_successful`: who the session is and which rooms there are; `listings` is what `roomListings` made. */
export function loginSuccessful(session: string, userName: string, listings: string): string {
  return `{"_et":"login_successful","s":${JSON.stringify(session)},"u":${JSON.stringify(userName)},"rs":${listings},"v":${WIRE_VERSION}}`;
}

/** `user_joined_room`: to the joiner, who is there, themselves included; both arguments are JSON texts. */
export function userJoinedRoom(roomJson: string, userNamesJson: string): string {
  return `{"_et":"user_joined_room","r":${roomJson},"us":${userNamesJson}}`;
}

/** `room_participation`: to all in the room, somebody came or went. */
export function roomParticipation(roomJson: string, userName: string, status: "joined" | "left"): string {
  return `{"_et":"room_participation","r":${roomJson},"u":${JSON.stringify(userName)},"s":"${status}"}`;
}

/** `presence_count`: how many are present in a room of so many that names are not told one by one. */
export function presenceCount(roomJson: string, count: number): string {
  return `{"_et":"presence_count","r":${roomJson},"us":${count}}`;
}

/** The end of a `user_message` whose text was taken away, in place of the closing brace. */
export const REMOVED_TAIL = ',"x":true}';

/**
 * The part of a `user_message` after its text: id, seq, time and key. `keyJson` is the JSON text of the key or
 * `undefined`.
 */
export function messageTail(id: string, seq: number, time: string, keyJson: string | undefined): string {
  return keyJson === undefined
    ? `,"i":"${id}","q":${seq},"t":"${time}"}`
    : `,"i":"${id}","q":${seq},"t":"${time}","k":${keyJson}}`;
}

/** The part of a `user_message` before its text; both arguments are JSON texts. The text follows as JSON. */
export function messageHead(roomJson: string, userNameJson: string): string {
  return `{"_et":"user_message","r":${roomJson},"u":${userNameJson},"c":`;
}

/**
 * `room_change`: a record that is not a message. `kind` is the record's own, `user` whom it concerns where that is
 * known, `by` who did it; `detailJson` the JSON text of what a newer node wrote and this one passes on as it stands.
 */
export function roomChange(
  roomJson: string,
  seq: number,
  time: string,
  kind: string,
  user: string | undefined,
  by: string,
  detailJson: string | undefined,
): string {
  const userPart = user === undefined ? "" : `,"u":${JSON.stringify(user)}`;
  const detailPart = detailJson === undefined ? "" : `,"d":${detailJson}`;
  return `{"_et":"room_change","r":${roomJson},"q":${seq},"t":"${time}","e":${JSON.stringify(kind)}${userPart},"by":${JSON.stringify(by)}${detailPart}}`;
}

/** `room_added`: the session's user is in a chat from now on; `name` is what people call it. */
export function roomAdded(roomJson: string, name: string): string {
  return `{"_et":"room_added","r":${roomJson},"d":${JSON.stringify(name)}}`;
}

/** `room_removed`: the session's user may not be in a room any more; nothing of it is told after this. */
export function roomRemoved(roomJson: string): string {
  return `{"_et":"room_removed","r":${roomJson}}`;
}

/** `caught_up`: all that was asked for with `join_room` has been told, up to `seq`; what follows is live. */
export function caughtUp(roomJson: string, seq: number): string {
  return `{"_et":"caught_up","r":${roomJson},"q":${seq}}`;
}

/** `reset`: retention removed what followed the cursor; the oldest record left is `oldest`. */
export function reset(roomJson: string, oldest: number): string {
  return `{"_et":"reset","r":${roomJson},"oldest":${oldest}}`;
}

/** `ack`: the message with this key is durable, under this id and seq. */
export function ack(key: string, id: string, seq: number): string {
  return `{"_et":"ack","k":${JSON.stringify(key)},"i":"${id}","q":${seq}}`;
}

/** `history`: one page; `eventsJson` holds each record's event as JSON text, joined by commas. */
export function history(roomJson: string, eventsJson: string, more: boolean): string {
  return `{"_et":"history","r":${roomJson},"ms":[${eventsJson}],"more":${more}}`;
}

/** `typing`: somebody else is writing. */
export function typing(roomJson: string, userName: string): string {
  return `{"_et":"typing","r":${roomJson},"u":${JSON.stringify(userName)}}`;
}

/** `error`: what was wrong, and what it concerned where that is known. */
export function error(code: ErrorName, text: string, room: string | undefined, key: string | undefined): string {
  return JSON.stringify({ _et: "error", code, m: text, r: room, k: key });
}
