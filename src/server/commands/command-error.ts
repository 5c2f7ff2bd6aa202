/**
 * Stage 2: why a command was not carried out. Doors turn it into their own kind of answer: an `error` event, or
 * problem+json with the status that the table of error codes has for it.
 */
import type { ErrorName } from "../../protocol/error-codes.ts";

/** A command that changed nothing, with what the client is told. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code: ErrorName;
  constructor(code: ErrorName, text: string, options?: ErrorOptions) {
    super(text, options);
    this.code = code;
  }
}
