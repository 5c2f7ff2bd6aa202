/**
 * `{"_ct":"quit"}`: leave all rooms and close. The others hear `left`.
 */
import type { Session } from "../fanout/session.ts";
import type { CommandContext } from "./context.ts";

/** Carries out `quit`. */
export function quit(_context: CommandContext, session: Session): undefined {
  session.end("quit");
  return undefined;
}
