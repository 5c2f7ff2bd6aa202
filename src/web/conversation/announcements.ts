/**
 * The web client, conversation: what a screen reader is told of new messages. Pure. History is never read aloud, nor
 * one's own words, and a busy room is told as a number.
 */
import type { Message } from "../../sdk/types.ts";

/** New messages that are read aloud one by one; more at once are told as a number. */
const READ_ALOUD_MAX = 3;

/** Characters of one message that are read aloud. */
const TEXT_LENGTH_MAX = 300;

/** The words for messages of others that have just come; empty where there are none. */
export function announcement(fresh: readonly Message[]): string {
  if (fresh.length === 0) return "";
  if (fresh.length > READ_ALOUD_MAX) return `${fresh.length} new messages`;
  return fresh.map(({ user, text }) => `${user}: ${shortened(text)}`).join("\n");
}

function shortened(text: string): string {
  const characters = text.length > TEXT_LENGTH_MAX ? [...text.slice(0, TEXT_LENGTH_MAX)] : undefined;
  return characters === undefined ? text : `${characters.join("")}…`;
}
