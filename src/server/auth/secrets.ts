/**
 * Who a session is: secrets that this server makes itself, for cookies, tokens and invites. Pure, given the chance.
 */
import { createHash } from "node:crypto";
import type { Chance } from "../clock.ts";

const SECRET_BYTES = 32;

/** A new secret: 256 random bits as 43 characters of base64url. */
export function newSecret(chance: Chance): string {
  const bytes = new Uint8Array(SECRET_BYTES);
  chance(bytes);
  return Buffer.from(bytes).toString("base64url");
}

/**
 * What stands in the directory in place of a secret, so that a stolen folder lets nobody in. One round of SHA-256 is
 * enough: nobody guesses 256 bits.
 */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("base64url");
}
