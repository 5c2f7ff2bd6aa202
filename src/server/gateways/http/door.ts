/**
 * Stage 1, the HTTP door: what it needs of the server behind it. The real parts fit these shapes; tests hand in others.
 * Times are milliseconds since the epoch.
 */
import type { Limits } from "../../../protocol/limits.ts";
import type { Credential, SignedIn } from "../../auth/credential.ts";
import type { Proxies } from "../../auth/proxies.ts";
import type { User } from "../../auth/user.ts";
import type { Chance, Clock } from "../../clock.ts";
import type { Api } from "../../commands/api.ts";
import type { AuthConfig } from "../../config/config.ts";
import type { Session, SessionOptions } from "../../fanout/session.ts";
import type { Place } from "../../fanout/sessions.ts";
import type { Uuid } from "../../record.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";

/** What is asked of rooms. */
export type HttpApi = Pick<
  Api,
  | "createChat"
  | "chat"
  | "chats"
  | "rooms"
  | "addMembers"
  | "removeMember"
  | "post"
  | "messages"
  | "removeMessage"
  | "markRead"
  | "ban"
  | "unban"
  | "bans"
  | "follow"
  | "names"
>;

/** Somebody with a name of their own. */
export interface Account {
  readonly id: Uuid;
  readonly name: string;
  readonly isAdmin: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A token for programs; never the secret itself. */
export interface ApiToken {
  readonly id: Uuid;
  readonly label: string;
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
}

/** What a browser keeps: the value of its cookie. In open mode there is none, the user's id is enough. */
export interface NewSignIn {
  readonly account: { readonly id: Uuid; readonly name: string };
  readonly cookie: { readonly value: string; readonly expiresAt: number } | undefined;
}

/** What is asked of accounts. All of it throws `CommandError`. */
export interface HttpAccounts {
  create(
    ask: { readonly name: string; readonly password: string | undefined; readonly invite: string | undefined },
    address: string,
  ): Promise<Account>;
  account(id: Uuid): Promise<Account | undefined>;
  search(prefix: string): Promise<readonly Account[]>;
  signIn(ask: { readonly name: string; readonly password: string | undefined }, address: string): Promise<NewSignIn>;
  signOut(credential: Credential): Promise<void>;
  changePassword(
    user: User,
    ask: { readonly current: string; readonly next: string },
    address: string,
  ): Promise<NewSignIn>;
  createToken(
    user: User,
    label: string,
    goodForMs: number | undefined,
  ): Promise<{ readonly token: string; readonly info: ApiToken }>;
  tokens(user: User): Promise<readonly ApiToken[]>;
  revokeToken(user: User, id: Uuid): Promise<void>;
}

/** Everything in a request that may say who asks. */
export interface Credentials {
  /** The value of the sign-in cookie. */
  readonly cookie: string | undefined;
  /** The value of the cookie `user_id`: believed in open mode only, as is `named`. */
  readonly userIdCookie: string | undefined;
  readonly bearer: string | undefined;
  /** Whom the request names: `sender_id` of a body. */
  readonly named: string | undefined;
  readonly address: string;
}

/** Says who asks: `undefined` where no credential was shown. Throws `CommandError("unauthorized")` where it is not valid. */
export interface HttpAuthenticator {
  identify(credentials: Credentials): Promise<SignedIn | undefined>;
}

/** Whether the server can do its work, check by check. */
export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, { readonly ok: boolean; readonly detail: string }>>;
}

/** What the HTTP door needs. */
export interface HttpDoor {
  readonly api: HttpApi;
  readonly authenticator: HttpAuthenticator;
  readonly accounts: HttpAccounts;
  readonly sessions: {
    takePlace(address: string): Place | undefined;
    open(options: SessionOptions): Session;
  };
  readonly guests: {
    /** A new guest, who leaves with their session. */
    admit(): Promise<{ readonly token: string } & User>;
    leave(token: string): Promise<void>;
  };
  readonly auth: Pick<AuthConfig, "mode" | "signUp" | "openAnyway">;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly telemetry: Telemetry;
  /** Looks at log, store and lag. Must answer within a second or two. */
  readiness(): Promise<Readiness>;
  /** What stands between the clients and us. */
  readonly proxies: Pick<Proxies, "clientAddress" | "isSecure">;
}
