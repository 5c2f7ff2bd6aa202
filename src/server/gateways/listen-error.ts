/**
 * Stage 1, gateways: why a door can't be opened, as one line that names the flag to change. Pure.
 */
import type { Listen } from "../config/config.ts";
import { showListen } from "../config/values.ts";
import { StartError } from "../start-error.ts";

/** Turns what `listen` failed with into a `StartError`; `flag` without dashes. */
export function listenError(flag: "tcp" | "http" | "ops", listen: Listen, error: unknown): StartError {
  const where = showListen(listen);
  const instead = `choose another with --${flag} HOST:PORT`;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const text: Record<string, string> = {
    EADDRINUSE: `--${flag}: ${where} is in use by another program; stop it or ${instead}`,
    EACCES: `--${flag}: ${where} needs more rights than this user has; ${instead} above 1023`,
    EADDRNOTAVAIL: `--${flag}: ${where} is not an address of this machine; ${instead}`,
    ENOTFOUND: `--${flag}: the host name of ${where} is not known; ${instead}`,
    EAI_AGAIN: `--${flag}: the host name of ${where} can't be looked up; ${instead}`,
  };
  const reason = error instanceof Error ? error.message : String(error);
  const line =
    (typeof code === "string" ? text[code] : undefined) ?? `--${flag}: ${where} can't be listened on: ${reason}`;
  return new StartError(line, { cause: error });
}
