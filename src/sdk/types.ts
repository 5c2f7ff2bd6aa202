/**
 * The SDK: what its users handle, as data. Everything here is a plain value; what does something stands in
 * `chat-client.ts` and `room.ts`.
 */
import type { ErrorName } from "../protocol/error-codes.ts";

/** A room as the server lists it. */
export interface RoomListing {
  /** What commands and events call it: the name of a public room, the id of a chat. */
  readonly room: string;
  /** The description of a public room, the name of a chat. */
  readonly description: string;
}

/** Something that somebody said. */
export interface Message {
  readonly type: "message";
  readonly room: string;
  /** Its number in the room. The only order there is. */
  readonly seq: number;
  readonly id: string;
  /** The name of who said it. */
  readonly user: string;
  readonly text: string;
  /** When the server took it, in milliseconds since the epoch. For people to read, never to sort by. */
  readonly time: number;
  /** What its sender called it, where they did. */
  readonly key: string | undefined;
  /** Its text was taken away. */
  readonly isRemoved: boolean;
}

/** Something that happened in a room and is not a message. It has a seq as messages have. */
export interface RoomChange {
  readonly type: "change";
  readonly room: string;
  readonly seq: number;
  readonly time: number;
  /** `room_created`, `member_added`, `member_removed`, `message_removed`, or what a newer server knows. */
  readonly kind: string;
  /** Whom it concerns, where that is known. */
  readonly user: string | undefined;
  readonly by: string;
  /** The seq of the message whose text went, where `kind` is `message_removed`. */
  readonly removedSeq: number | undefined;
  /** What the chat is called from now on, where that is told. */
  readonly name: string | undefined;
}

/** One record of a room. A room hands each to its listeners once, by ascending seq, without holes. */
export type RoomRecord = Message | RoomChange;

/** A page of what happened, oldest first. */
export interface HistoryPage {
  readonly records: readonly RoomRecord[];
  /** Whether there is more in the direction that was asked for. */
  readonly more: boolean;
}

/**
 * How a message of one's own is doing.
 * - `sending`: it waits for the connection, or for its answer; nothing needs to be done.
 * - `sent`: it is on the server's disk, under `seq`.
 * - `failed`: the server refused it for good, and it will never appear: `retry()` or `discard()` it.
 */
export type SendState =
  | { readonly type: "sending" }
  | { readonly type: "sent"; readonly id: string; readonly seq: number }
  | { readonly type: "failed"; readonly code: ErrorName; readonly text: string };

/** A message of one's own, as it is right now. */
export interface Outgoing {
  readonly room: string;
  /** What it is called, here and on the wire. */
  readonly key: string;
  readonly text: string;
  readonly state: SendState;
}

/** A message that waits to be sent, as it is written down to survive a reload of the page. */
export interface KeptOutgoing {
  readonly room: string;
  readonly key: string;
  readonly text: string;
  /** Who said it, where that was known: it is never sent in another's name unless they ask for it. */
  readonly user?: string | undefined;
}

/** Where messages that are not sent yet are written down: `localStorage`, a file, or nowhere. Neither may throw. */
export interface OutgoingKeeper {
  load(): readonly KeptOutgoing[];
  save(waiting: readonly KeptOutgoing[]): void;
}

/** Why a client has stopped trying. */
export interface EndReason {
  /** `closed` by its owner, or the code with which the server ended it for good. */
  readonly code: ErrorName | "closed" | "redirected";
  readonly text: string;
}

/**
 * The connection.
 * - `idle`: `connect` was not called yet.
 * - `connecting`: on its way; `attempt` counts from 1 since it was last online.
 * - `online`: signed in.
 * - `waiting`: it was lost or refused, and is tried again at `retryAt` (milliseconds since the epoch).
 * - `ended`: nothing is tried any more, until `connect` is called.
 */
export type ConnectionState =
  | { readonly type: "idle" }
  | { readonly type: "connecting"; readonly attempt: number }
  | { readonly type: "online"; readonly since: number }
  | { readonly type: "waiting"; readonly attempt: number; readonly retryAt: number; readonly reason: string }
  | { readonly type: "ended"; readonly reason: EndReason };

/**
 * How far a room is followed.
 * - `joining`: asked for, or waiting for the connection.
 * - `catching-up`: what was missed is being told.
 * - `live`: all has been told; what happens is told as it does.
 * - `refused`: the server says no; `code` says why. Tried again with each new connection where that may help.
 * - `gone`: one may not be in it any more, or left it.
 */
export type RoomState =
  | { readonly type: "joining" }
  | { readonly type: "catching-up" }
  | { readonly type: "live" }
  | { readonly type: "refused"; readonly code: ErrorName; readonly text: string }
  | { readonly type: "gone" };

/** Who is in a room. */
export interface Presence {
  /** In the order of coming; in a crowded room only the first 1,000. */
  readonly users: readonly string[];
  /** How many there are. */
  readonly count: number;
}

/** What a client tells. */
export interface ClientEvents {
  readonly state: ConnectionState;
  /** Who one is and which rooms there are: with each connection, for both may have changed. */
  readonly signedIn: { readonly user: string; readonly rooms: readonly RoomListing[] };
  readonly roomAdded: RoomListing;
  readonly roomRemoved: { readonly room: string };
  /** An answer `error` that concerns no room and no message. */
  readonly refused: { readonly code: ErrorName; readonly text: string };
}

/** What a room tells. */
export interface RoomEvents {
  readonly state: RoomState;
  /** One after the other, without hole or repeat; after `reset` from the seq that it names. */
  readonly record: RoomRecord;
  /** A message of one's own changed its state. */
  readonly outgoing: Outgoing;
  readonly presence: Presence;
  /** Somebody came or went, told as it happens; `presence` has the sum. */
  readonly participation: { readonly user: string; readonly status: "joined" | "left" };
  readonly typing: { readonly user: string };
  /**
   * What follows one's cursor is not to be had: the next record has this seq. Retention has removed what lay between;
   * or, where it is not beyond the cursor, the server has lost its data or is another: then nothing that was told before
   * belongs to what comes now.
   */
  readonly reset: { readonly oldest: number };
}
