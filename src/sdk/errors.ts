/**
 * The SDK: which error codes mean what. The whole table stands in the protocol with a sentence for each; a client needs
 * this much of it, and a test holds the two equal.
 */
import type { ErrorName } from "../protocol/error-codes.ts";

/** Codes after which the same again may succeed. */
export const RETRY_CODES =
  "request_timeout too_fast too_many_sign_ins internal overloaded not_sent unknown unavailable sign_in_timeout too_many_sessions slow going_away".split(
    " ",
  ) as readonly ErrorName[];

/** Codes that end a connection, with the close code that a WebSocket gets. */
export const CLOSING_CODES: readonly (readonly [ErrorName, number])[] = [
  ["line_too_long", 1009],
  ["bad_frame", 1002],
  ["not_a_browser", 1002],
  ["sign_in_timeout", 4401],
  ["signed_out", 4403],
  ["too_many_sessions", 1013],
  ["slow", 4408],
  ["going_away", 1001],
];

/** Whether the same again may succeed later. */
export const mayRetry = (code: string): boolean => (RETRY_CODES as readonly string[]).includes(code);

/** Something could not be done. */
export class ChatError extends Error {
  /** What it is to a program. */
  readonly code: ErrorName;
  /** Whether the same again may succeed later. */
  readonly retry: boolean;

  constructor(code: ErrorName, text: string) {
    super(text);
    this.name = "ChatError";
    this.code = code;
    this.retry = mayRetry(code);
  }
}
