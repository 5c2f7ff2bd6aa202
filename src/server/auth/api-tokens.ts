/**
 * Who a session is: tokens for programs, at every door. Touches the directory.
 */
import type { Chance, Clock } from "../clock.ts";
import { CommandError } from "../commands/command-error.ts";
import type { AuthConfig, AuthMode } from "../config/config.ts";
import type { ApiToken, Directory } from "../directory/directory.ts";
import type { Uuid } from "../record.ts";
import { type IdMaker, isUuid } from "../uuid.ts";
import { hashSecret, newSecret } from "./secrets.ts";
import type { User } from "./user.ts";

/** Tokens that one user may have. */
const TOKENS_MAX = 100;
/** Characters of a label. */
const LABEL_LENGTH_MAX = 64;

/**
 * What a token that was made in open mode begins with. There anybody can make one for anybody, so outside of it none of
 * them is good: otherwise a server that is switched to `password` would have been taken over beforehand.
 */
const OPEN_PREFIX = "open_";

/** A token and, this once, its secret. */
export interface NewToken {
  readonly token: string;
  readonly info: ApiToken;
}

/** What the tokens need. */
export interface ApiTokensOptions {
  readonly directory: Directory;
  readonly auth: Pick<AuthConfig, "mode">;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly ids: IdMaker;
  /** Hears whose access ended. */
  readonly ended: (user: Uuid) => void;
}

/** The hash under which the directory may have a token; `undefined` where it is none that is good in this mode. */
export function tokenHash(token: string, mode: AuthMode): string | undefined {
  const secret = token.startsWith(OPEN_PREFIX) ? token.slice(OPEN_PREFIX.length) : token;
  if (!/^[A-Za-z0-9_-]{43}$/.test(secret)) return undefined;
  if (secret !== token && mode !== "open") return undefined;
  return hashSecret(token);
}

/** Makes and revokes tokens. */
export class ApiTokens {
  readonly #options: ApiTokensOptions;

  constructor(options: ApiTokensOptions) {
    this.#options = options;
  }

  /**
   * Makes a token. `label` is what its owner calls it, `goodForMs` how long it is good, in milliseconds (`undefined` =
   * until it is revoked). Throws `bad_field`, `forbidden` or `too_many_tokens`.
   */
  async create(user: User, label: string, goodForMs: number | undefined): Promise<NewToken> {
    const { directory, auth, clock, chance, ids } = this.#options;
    if (user.isGuest) throw new CommandError("forbidden", "a guest has no tokens");
    // It would go on when the provider has long since shut the account.
    if (auth.mode === "jwt") throw new CommandError("forbidden", "tokens come from your identity provider here");
    const now = clock.now();
    const text = label.normalize("NFC");
    if ([...text].length > LABEL_LENGTH_MAX || /[\p{Cc}\p{Cs}]/u.test(text)) {
      throw new CommandError(
        "bad_field",
        `label must have ${LABEL_LENGTH_MAX} characters at most, and none of control`,
      );
    }
    const expiresAt = goodForMs === undefined ? undefined : now + goodForMs;
    if (expiresAt !== undefined && !(Number.isSafeInteger(expiresAt) && expiresAt > now)) {
      throw new CommandError("bad_field", "the token must end in the future");
    }
    const held = (await directory.tokens(user.id)).filter(
      (token) => (token.expiresAt ?? Number.POSITIVE_INFINITY) > now,
    );
    if (held.length >= TOKENS_MAX) {
      throw new CommandError("too_many_tokens", `you have ${TOKENS_MAX} tokens; revoke one`);
    }
    const token = (auth.mode === "open" ? OPEN_PREFIX : "") + newSecret(chance);
    const info: ApiToken = { id: ids.make(), user: user.id, label: text, createdAt: now, expiresAt };
    await directory.saveToken(hashSecret(token), info);
    return { token, info };
  }

  /** Revokes a token. Throws `unknown_token`. */
  async revoke(user: User, id: Uuid): Promise<void> {
    const isThere = isUuid(id) && (await this.#options.directory.removeToken(user.id, id));
    if (!isThere) throw new CommandError("unknown_token", "you have no such token");
    this.#options.ended(user.id);
  }
}
