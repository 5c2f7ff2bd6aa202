/**
 * Who is who, put together as it is configured: accounts, and what says who a request or session is.
 */
import type { Chance, Clock } from "../clock.ts";
import type { AuthConfig } from "../config/config.ts";
import type { Directory } from "../directory/directory.ts";
import type { Signals } from "../signals/signals.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { IdMaker } from "../uuid.ts";
import { Accounts } from "./accounts.ts";
import { Authenticator } from "./authenticator.ts";
import type { Guests } from "./guests.ts";
import type { JwtReader } from "./jwt.ts";
import { RecentDirectory } from "./recent-directory.ts";

/** What is needed for it. */
export interface AuthParts {
  readonly node: string;
  readonly auth: AuthConfig;
  readonly directory: Directory;
  readonly signals: Signals;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly ids: IdMaker;
  readonly telemetry: Telemetry;
  readonly guests: Guests;
}

/** Puts it together. Throws a `StartError` where a key can't be read. */
export async function createAuth(parts: AuthParts): Promise<{ accounts: Accounts; authenticator: Authenticator }> {
  const { auth, directory, clock, telemetry, guests } = parts;
  const recent = new RecentDirectory(directory, clock);
  const accounts = new Accounts({ ...parts, recent, isGuestName: (name) => guests.isHere(name) });
  const jwt = await jwtReader();
  return { accounts, authenticator: new Authenticator({ auth, accounts, directory, recent, clock, jwt }) };

  async function jwtReader(): Promise<JwtReader | undefined> {
    if (auth.jwt === undefined) return undefined;
    // The library behind them takes a twentieth of a start, and most servers have no use for it.
    const [{ JwtReader }, { openJwtKeys }] = await Promise.all([import("./jwt.ts"), import("./jwt-keys.ts")]);
    const failed = (error: unknown): void => telemetry.keysNotFetched(error);
    return new JwtReader(auth.jwt, await openJwtKeys({ jwt: auth.jwt, clock, failed }), clock);
  }
}
