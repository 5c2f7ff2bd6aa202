/**
 * Sign-ins, tokens and invites of the directory in CQL, each under the hash of its secret, and for each user which are
 * theirs. Touches the tables that it is handed.
 *
 * What is saved stands under its hash first and under its user second: should the second never happen, nobody was told
 * the secret. What is removed goes the same way, so that whatever is left can be removed again.
 */
import type { Chance } from "../clock.ts";
import { textIn, whole } from "../cql/rows.ts";
import type { Uuid } from "../record.ts";
import { randomName } from "./cql-accounts.ts";
import { type ConditionalTable, leave, put, remove } from "./cql-conditional.ts";
import type { DirectorySession } from "./cql-requests.ts";
import type { ApiToken, SignIn } from "./directory.ts";

/** `null` = until it is revoked. */
export type StoredToken = Omit<ApiToken, "expiresAt"> & { readonly expiresAt: number | null };

/** An invite, and what its taker called the attempt to take it; it is forgotten in its time either way. */
export interface StoredInvite {
  readonly expiresAt: number;
  readonly takenBy: string | null;
}

/** Hashes of a user that are read at once. */
const PAGE_ROWS = 500;

const SIGN_IN_OF = "INSERT INTO sign_ins_by_user (user, hash) VALUES (?, ?)";
const NO_SIGN_IN_OF = "DELETE FROM sign_ins_by_user WHERE user = ? AND hash = ?";
const SIGN_INS_OF = "SELECT hash FROM sign_ins_by_user WHERE user = ?";
const TOKEN_OF = "INSERT INTO api_tokens_by_user (user, id, hash) VALUES (?, ?, ?)";
const NO_TOKEN_OF = "DELETE FROM api_tokens_by_user WHERE user = ? AND id = ?";
const TOKENS_OF = "SELECT hash FROM api_tokens_by_user WHERE user = ?";
const FIND_TOKEN_OF = "SELECT hash FROM api_tokens_by_user WHERE user = ? AND id = ?";

/** Sign-ins, tokens and invites. */
export class CqlCredentials {
  readonly #session: DirectorySession;
  readonly #chance: Chance;
  readonly #signIns: ConditionalTable<SignIn>;
  readonly #tokens: ConditionalTable<StoredToken>;
  readonly #invites: ConditionalTable<StoredInvite>;

  constructor(
    session: DirectorySession,
    tables: {
      readonly signIns: ConditionalTable<SignIn>;
      readonly tokens: ConditionalTable<StoredToken>;
      readonly invites: ConditionalTable<StoredInvite>;
    },
  ) {
    this.#session = session;
    this.#chance = session.chance;
    this.#signIns = tables.signIns;
    this.#tokens = tables.tokens;
    this.#invites = tables.invites;
  }

  /** Keeps a sign-in, replacing one of the same hash. */
  async saveSignIn(hash: string, { user, createdAt, expiresAt }: SignIn): Promise<void> {
    const replaced = await this.#signIns.change([hash], true, (before) => put({ user, createdAt, expiresAt }, before));
    await this.#session.write(SIGN_IN_OF, [user, hash]);
    if (replaced !== undefined && replaced.user !== user)
      await this.#session.write(NO_SIGN_IN_OF, [replaced.user, hash]);
  }

  /** The sign-in of a hash. */
  async signIn(hash: string, now: number): Promise<SignIn | undefined> {
    const found = await this.#signIns.read(hash);
    return found !== undefined && found.expiresAt > now ? found : undefined;
  }

  /** Ends a sign-in. */
  async removeSignIn(hash: string): Promise<void> {
    const removed = await this.#signIns.change([hash], false, (before) => remove(before));
    if (removed !== undefined) await this.#session.write(NO_SIGN_IN_OF, [removed.user, hash]);
  }

  /** Keeps a token. */
  async saveToken(hash: string, { id, user, label, createdAt, expiresAt }: ApiToken): Promise<void> {
    const stored: StoredToken = { id, user, label, createdAt, expiresAt: expiresAt ?? null };
    await this.#tokens.change([hash], true, () => put(stored, undefined));
    await this.#session.write(TOKEN_OF, [user, id, hash]);
  }

  /** The token of a hash. */
  async token(hash: string, now: number): Promise<ApiToken | undefined> {
    const found = await this.#tokens.read(hash);
    return found === undefined || isOver(found, now) ? undefined : toToken(found);
  }

  /** A user's tokens, those that expired and are not forgotten yet among them. */
  async tokens(user: Uuid): Promise<readonly ApiToken[]> {
    const hashes = await this.#hashes(TOKENS_OF, user);
    const found = await Promise.all(hashes.map((hash) => this.#tokens.read(hash)));
    const own = found.flatMap((token) => (token?.user === user ? toToken(token) : []));
    return own.sort((a, b) => a.createdAt - b.createdAt);
  }

  /** Revokes a token. */
  async removeToken(user: Uuid, id: Uuid): Promise<boolean> {
    if (user === "") return false;
    const [row] = await this.#session.rows(FIND_TOKEN_OF, [user, id]);
    if (row === undefined) return false;
    const isRemoved = await this.#tokens.change([whole(textIn(row, "hash"), "hash")], false, (token, unsure) => {
      if (token === undefined) return leave(unsure);
      return token.user === user && token.id === id ? remove(true) : leave(false);
    });
    await this.#session.write(NO_TOKEN_OF, [user, id]);
    return isRemoved;
  }

  /** Ends all sign-ins and tokens of a user. */
  async removeCredentials(user: Uuid): Promise<void> {
    const signIns = await this.#hashes(SIGN_INS_OF, user);
    const tokens = await this.#hashes(TOKENS_OF, user);
    await Promise.all([
      ...signIns.map(async (hash) => {
        await this.#signIns.change([hash], false, (one) => (one?.user === user ? remove(undefined) : leave(undefined)));
        await this.#session.write(NO_SIGN_IN_OF, [user, hash]);
      }),
      ...tokens.map(async (hash) => {
        const removed = await this.#tokens.change([hash], false, (one) =>
          one?.user === user ? remove(one) : leave(undefined),
        );
        if (removed !== undefined) await this.#session.write(NO_TOKEN_OF, [user, removed.id]);
      }),
    ]);
  }

  /** Keeps an invite. */
  async saveInvite(hash: string, expiresAt: number): Promise<void> {
    await this.#invites.change([hash], true, () => put({ expiresAt, takenBy: null }, undefined));
  }

  /** Uses an invite up. */
  async takeInvite(hash: string, now: number): Promise<boolean> {
    // Marked, not removed: should nobody know whether the write was done, the mark says whose it was.
    const attempt = randomName(this.#chance);
    return await this.#invites.change([hash], false, (invite) => {
      if (invite?.takenBy === attempt) return leave(true);
      if (invite === undefined || invite.takenBy !== null || isOver(invite, now)) return leave(false);
      return put({ expiresAt: invite.expiresAt, takenBy: attempt }, true);
    });
  }

  /** Forgets what expired, and resolves with how many those were. */
  async removeExpired(now: number): Promise<number> {
    const over = (value: { readonly expiresAt: number | null }): boolean => isOver(value, now);
    const signIns = await this.#signIns.removeOver(over, async ({ user }, [hash = ""]) => {
      await this.#session.write(NO_SIGN_IN_OF, [user, hash]);
    });
    const tokens = await this.#tokens.removeOver(over, async ({ user, id }) => {
      await this.#session.write(NO_TOKEN_OF, [user, id]);
    });
    let taken = 0;
    const invites = await this.#invites.removeOver(over, async ({ takenBy }) => {
      if (takenBy !== null) taken += 1;
    });
    return signIns + tokens + invites - taken;
  }

  async #hashes(query: string, user: Uuid): Promise<string[]> {
    const hashes: string[] = [];
    if (user === "") return hashes;
    for await (const rows of this.#session.pages(query, [user], PAGE_ROWS)) {
      for (const row of rows) hashes.push(whole(textIn(row, "hash"), "hash"));
    }
    return hashes;
  }
}

const isOver = ({ expiresAt }: { readonly expiresAt: number | null }, now: number): boolean =>
  expiresAt !== null && expiresAt <= now;

const toToken = (stored: StoredToken): ApiToken => ({ ...stored, expiresAt: stored.expiresAt ?? undefined });
