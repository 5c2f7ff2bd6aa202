/**
 * Stage 1, the pages: errors in words for a person. Pure.
 */
import { ERROR_CODES, type ErrorName } from "../../../protocol/error-codes.ts";
import { TriedTooOften } from "../../auth/sign-in-throttle.ts";
import { CommandError } from "../../commands/command-error.ts";
import { NobodyNamed } from "./people.ts";

/** What a form says where the server's own text is for programs. */
const WORDS: Partial<Record<ErrorName, string>> = {
  empty_message: "Write something first.",
  name_taken: "This name belongs to somebody else. Choose another.",
  sign_up_closed: "An account needs an invite here, and this one is not valid or was used before.",
  too_fast: "That was too fast. Wait a moment and try again.",
  unknown_user: "There is no such user.",
  unknown_room: "There is no such chat, or you are not in it.",
  unknown_message: "This message is not there any more.",
  not_sent: "The server could not keep this, and nobody will see it. Try again.",
  unknown: "The server could not tell whether this was kept. Try again: it will not appear twice.",
  overloaded: "The server has too much to do right now. Try again in a moment.",
  unavailable: "The server can't do this right now. Try again in a moment.",
  forbidden: "You may not do this here.",
  unauthorized: "Your sign-in has ended. Sign in again.",
};

/** An error as a page tells it. */
export interface PlainError {
  readonly code: ErrorName;
  readonly status: number;
  readonly text: string;
}

/** A command's error in words. Anything else is a fault of the server's own, and is thrown on. */
export function plainError(error: unknown): PlainError {
  if (!(error instanceof CommandError)) throw error;
  // These say whom they mean, and how long to wait.
  const saysMore = error instanceof NobodyNamed || error instanceof TriedTooOften;
  const words = saysMore ? undefined : WORDS[error.code];
  return { code: error.code, status: ERROR_CODES[error.code].status, text: words ?? sentence(error.message) };
}

/** `the name is too long` → `The name is too long.` */
function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
