/**
 * The SDK: from the text of a frame to an event, and from a command to the text of a frame. What is unknown or broken is
 * passed over, as the protocol asks.
 */
import type { ErrorName } from "../protocol/error-codes.ts";
import type { HistoryPage, RoomListing, RoomRecord } from "./types.ts";

/** What a server says. */
export type ServerEvent =
  | {
      readonly type: "greeting";
      readonly session: string;
      readonly user: string;
      readonly rooms: readonly RoomListing[];
    }
  | { readonly type: "ack"; readonly key: string; readonly id: string; readonly seq: number }
  | {
      readonly type: "error";
      readonly code: ErrorName;
      readonly text: string;
      readonly room: string | undefined;
      readonly key: string | undefined;
    }
  | RoomEvent;

/** What a server says of one room. */
export type RoomEvent = { readonly room: string } & (
  | { readonly type: "record"; readonly record: RoomRecord }
  | { readonly type: "present"; readonly users: readonly string[] }
  | { readonly type: "participation"; readonly user: string; readonly status: "joined" | "left" }
  | { readonly type: "count"; readonly count: number }
  | { readonly type: "caughtUp"; readonly seq: number }
  | { readonly type: "reset"; readonly oldest: number }
  | ({ readonly type: "history" } & HistoryPage)
  | { readonly type: "typing"; readonly user: string }
  | { readonly type: "added"; readonly description: string }
  | { readonly type: "removed" }
);

/** A command as the wire has it; what is `undefined` is left out. */
export type WireCommand = Readonly<Record<string, string | number | undefined>> & { readonly _ct: string };

/** The text of a command. */
export const encode = (command: WireCommand): string => JSON.stringify(command);

type Fields = Readonly<Record<string, unknown>>;

/** What a frame says; `undefined` where it is nothing that this client knows. */
export function decode(text: string): ServerEvent | undefined {
  try {
    return eventOf(JSON.parse(text) as Fields);
  } catch {
    return undefined;
  }
}

function eventOf(fields: Fields): ServerEvent | undefined {
  switch (fields["_et"]) {
    case "login_successful":
      return {
        type: "greeting",
        session: string(fields["s"]),
        user: string(fields["u"]),
        rooms: list(fields["rs"]).map((room) => ({ room: string(room["n"]), description: string(room["d"]) })),
      };
    case "ack":
      return { type: "ack", key: string(fields["k"]), id: string(fields["i"]), seq: number(fields["q"]) };
    case "error":
      return {
        type: "error",
        code: string(fields["code"]) as ErrorName,
        text: string(fields["m"]),
        room: maybe(fields["r"]),
        key: maybe(fields["k"]),
      };
    default:
      return roomEventOf(fields, string(fields["r"]));
  }
}

function roomEventOf(fields: Fields, room: string): ServerEvent | undefined {
  switch (fields["_et"]) {
    case "user_message":
    case "room_change":
      return { type: "record", room, record: recordOf(fields) };
    case "user_joined_room":
      return { type: "present", room, users: list<unknown>(fields["us"]).map(string) };
    case "room_participation":
      return {
        type: "participation",
        room,
        user: string(fields["u"]),
        status: fields["s"] === "left" ? "left" : "joined",
      };
    case "presence_count":
      return { type: "count", room, count: number(fields["us"]) };
    case "caught_up":
      return { type: "caughtUp", room, seq: number(fields["q"]) };
    case "reset":
      return { type: "reset", room, oldest: number(fields["oldest"]) };
    case "history":
      return { type: "history", room, records: list(fields["ms"]).map(recordOf), more: fields["more"] === true };
    case "typing":
      return { type: "typing", room, user: string(fields["u"]) };
    case "room_added":
      return { type: "added", room, description: string(fields["d"]) };
    case "room_removed":
      return { type: "removed", room };
  }
  return undefined;
}

function recordOf(fields: Fields): RoomRecord {
  const base = { room: string(fields["r"]), seq: number(fields["q"]), time: Date.parse(string(fields["t"])) };
  if (fields["_et"] === "user_message") {
    return {
      type: "message",
      ...base,
      id: string(fields["i"]),
      user: string(fields["u"]),
      text: string(fields["c"]),
      key: maybe(fields["k"]),
      isRemoved: fields["x"] === true,
    };
  }
  const detail = (fields["d"] ?? {}) as Fields;
  return {
    type: "change",
    ...base,
    kind: string(fields["e"]),
    user: maybe(fields["u"]),
    by: string(fields["by"]),
    removedSeq: typeof detail["q"] === "number" ? detail["q"] : undefined,
    name: maybe(detail["name"]),
  };
}

function string(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("no string");
  return value;
}

const maybe = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

function number(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw new TypeError("no whole number");
  return value as number;
}

function list<T = Fields>(value: unknown): readonly T[] {
  if (!Array.isArray(value)) throw new TypeError("no list");
  return value as readonly T[];
}
