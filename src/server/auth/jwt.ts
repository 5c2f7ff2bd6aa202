/**
 * Who a session is: tokens of somebody else's identity provider. Checks signature and claims; which account it is, is for
 * `accounts.ts`. Touches the keys it is handed.
 */
import type { JWTPayload, JWTVerifyOptions } from "jose";
import { errors, jwtVerify } from "jose";
import { v5 } from "uuid";
import type { Clock } from "../clock.ts";
import { CommandError } from "../commands/command-error.ts";
import type { JwtConfig } from "../config/config.ts";
import type { Uuid } from "../record.ts";
import type { JwtKeySource } from "./jwt-keys.ts";

/** Ids of users by issuer and claim. */
const USER_NAMESPACE = "0d6b3f5c-3c1e-5b7a-8a55-6c6d5c0f2b11";

/** The longest token, in characters. */
const TOKEN_LENGTH_MAX = 8 * 1024;
/** How far the provider's clock may be ahead, in seconds. It lets nobody stay longer. */
const SKEW_SECONDS_MAX = 5;
/** The longest value of the user's claim. */
const SUBJECT_LENGTH_MAX = 256;

/** Whom a token names. */
export interface JwtIdentity {
  /** The UUIDv5 of issuer and claim: the same user, whatever else the token says. */
  readonly id: Uuid;
  /** What the token calls them, as it stands. */
  readonly name: string | undefined;
  readonly isAdmin: boolean;
  /** Until when the token is good, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Reads tokens of one issuer. */
export class JwtReader {
  readonly #config: JwtConfig;
  readonly #keys: JwtKeySource;
  readonly #clock: Clock;

  constructor(config: JwtConfig, keys: JwtKeySource, clock: Clock) {
    this.#config = config;
    this.#keys = keys;
    this.#clock = clock;
  }

  /**
   * Whom a token names. Throws `unauthorized` where it is not good: another algorithm than the one that is configured
   * (`none` among them), an extension that must be understood, a wrong signature, issuer or audience, too early or too
   * late. Throws `unavailable` where the keys can't be had right now.
   */
  async read(token: string): Promise<JwtIdentity> {
    const { algorithm, issuer, audience, userClaim, nameClaim } = this.#config;
    if (token.length > TOKEN_LENGTH_MAX) throw refused();
    const now = this.#clock.now();
    const payload = await this.#verify(token, {
      algorithms: [algorithm],
      issuer,
      audience,
      currentDate: new Date(now),
      clockTolerance: SKEW_SECONDS_MAX,
      requiredClaims: ["exp", userClaim],
    });
    const subject = textOf(payload[userClaim]);
    const expiresAt = (payload.exp ?? 0) * 1000;
    if (subject === undefined) throw refused();
    if (expiresAt <= now) throw expired();
    const name = payload[nameClaim];
    return {
      id: v5(JSON.stringify([issuer, subject]), USER_NAMESPACE),
      name: typeof name === "string" ? name : undefined,
      isAdmin: isAdmin(payload, this.#config.adminClaim),
      expiresAt,
    };
  }

  async #verify(token: string, options: JWTVerifyOptions): Promise<JWTPayload> {
    try {
      return await this.#verifyWithAny(token, options);
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw expired(error);
      // What is wrong with a token is jose's to say; anything else went wrong here, and the token may be good.
      if (error instanceof errors.JOSEError || error instanceof TypeError) throw refused(error);
      throw error;
    }
  }

  async #verifyWithAny(token: string, options: JWTVerifyOptions): Promise<JWTPayload> {
    try {
      return (await jwtVerify(token, (header) => this.#keys.keyFor(header), options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      // The token does not say which key it was signed with: any of them will do.
      for await (const key of error) {
        try {
          return (await jwtVerify(token, key, options)).payload;
        } catch (fault) {
          if (!(fault instanceof errors.JWSSignatureVerificationFailed)) throw fault;
        }
      }
      throw new errors.JWSSignatureVerificationFailed();
    }
  }
}

/** What says who it is: text, or a number as some providers have it. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  return typeof value === "string" && value !== "" && value.length <= SUBJECT_LENGTH_MAX ? value : undefined;
}

function isAdmin(payload: JWTPayload, claim: JwtConfig["adminClaim"]): boolean {
  if (claim === undefined || !Object.hasOwn(payload, claim.name)) return false;
  const value = payload[claim.name];
  if (claim.value === undefined) return value === true;
  return value === claim.value || (Array.isArray(value) && value.includes(claim.value));
}

const refused = (cause?: unknown): CommandError =>
  new CommandError("unauthorized", "the token is not valid here", { cause });

const expired = (cause?: unknown): CommandError => new CommandError("unauthorized", "the token has expired", { cause });
