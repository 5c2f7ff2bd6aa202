/**
 * Test support: who is who where a name is enough, as on loopback without any setting.
 */
import type { AuthConfig } from "../../src/server/config/config.ts";

/** Open mode. */
export const OPEN_AUTH: AuthConfig = {
  mode: "open",
  openAnyway: false,
  signUp: "open",
  guests: true,
  sessionDays: 30,
  jwt: undefined,
};

/** What a TCP door is told where there is neither TLS nor a proxy, and whoever shows nothing is a guest. */
export const OPEN_DOOR = { takesGuests: true, tls: undefined, isProxy: () => false } as const;
