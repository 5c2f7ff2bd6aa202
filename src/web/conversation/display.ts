/**
 * The web client, conversation: times and happenings in words.
 */
import type { RoomChange } from "../../sdk/types.ts";

const CLOCK_TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const WHOLE_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const DAY_AND_YEAR = new Intl.DateTimeFormat(undefined, {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
});
const COUNT = new Intl.NumberFormat();

/** The time of day. */
export const clockTime = (time: number): string => CLOCK_TIME.format(time);

/** Day and time, to the second. */
export const wholeTime = (time: number): string => WHOLE_TIME.format(time);

/** A number as people write it. */
export const count = (number: number): string => COUNT.format(number);

/** A day; `now` says which one is today. */
export function dayName(midnight: number, now: number): string {
  const today = new Date(now);
  const isDaysAgo = (days: number): boolean =>
    midnight === new Date(today.getFullYear(), today.getMonth(), today.getDate() - days).getTime();
  if (isDaysAgo(0)) return "Today";
  if (isDaysAgo(1)) return "Yesterday";
  const isThisYear = new Date(midnight).getFullYear() === today.getFullYear();
  return (isThisYear ? DAY : DAY_AND_YEAR).format(midnight);
}

/** Something that happened in a room, in pieces: names stand apart, for they may be written in any direction. */
export interface Happening {
  readonly who: string;
  readonly did: string;
  /** To whom, or what it is called. */
  readonly what: string;
  readonly after: string;
}

/** What a change says. */
export function happening({ kind, by, user, name }: RoomChange): Happening {
  switch (kind) {
    case "room_created":
      return name === undefined
        ? { who: by, did: "made this chat", what: "", after: "" }
        : { who: by, did: "made the chat", what: name, after: "" };
    case "member_added":
      return user === undefined || user === by
        ? { who: by, did: "came in", what: "", after: "" }
        : { who: by, did: "added", what: user, after: "" };
    case "member_removed":
      return user === undefined || user === by
        ? { who: by, did: "left the chat", what: "", after: "" }
        : { who: by, did: "removed", what: user, after: "from the chat" };
    default:
      // A newer server knows more than this page does.
      return { who: by, did: `did something here (${kind})`, what: user ?? "", after: "" };
  }
}
