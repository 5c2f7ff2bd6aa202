/**
 * Stage 1, the pages: what they need of the server behind them. The HTTP door hands it over; the pages see nothing else.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Actor } from "../../auth/user.ts";
import type { Chance } from "../../clock.ts";
import type { Api } from "../../commands/api.ts";
import type { Uuid } from "../../record.ts";
import type { WebClient } from "../web/web-assets.ts";

/** Somebody with an account. */
export interface Person {
  readonly id: Uuid;
  readonly name: string;
}

/** As much of the API as the pages use. */
export type PagesApi = Pick<
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
  | "names"
>;

/** What a browser is given to be known by: the value of its cookie, or nothing in open mode, where the id is enough. */
export interface NewSignIn {
  readonly account: Person;
  readonly cookie: { readonly value: string; readonly expiresAt: number } | undefined;
}

/** As much of the accounts as the pages use. All of it throws `CommandError`. */
export interface PagesAccounts {
  create(
    ask: { readonly name: string; readonly password: string | undefined; readonly invite: string | undefined },
    address: string,
  ): Promise<Person>;
  signIn(ask: { readonly name: string; readonly password: string | undefined }, address: string): Promise<NewSignIn>;
  /** Accounts whose name begins with `prefix` without regard to case, ascending; 20 at most. */
  search(prefix: string): Promise<readonly Person[]>;
}

/** How this server lets people in. */
export interface SignInRules {
  readonly mode: "open" | "password" | "jwt";
  readonly signUp: "open" | "invite" | "closed";
}

/** What every page has around its own part, beside who reads it. */
export interface PageFrame extends SignInRules {
  /** What makes a page more than plain where scripts run; `undefined` where this server has none. */
  readonly web: WebClient | undefined;
  /** Whether open mode is served to others than this machine, which everybody is told. */
  readonly openAnyway: boolean;
}

/** What the pages need. */
export interface PagesDoor extends PageFrame {
  readonly api: PagesApi;
  readonly accounts: PagesAccounts;
  readonly chance: Chance;
  /** Who asks: `undefined` where no credential was shown. Throws `CommandError("unauthorized")` where it is not valid. */
  identify(request: FastifyRequest): Promise<Actor | undefined>;
  /** The client's address, as the trusted proxies tell it. */
  address(request: FastifyRequest): string;
  /** Sets the cookie of somebody who signed in, with the flags that `POST /login` gives it. */
  setCookie(reply: FastifyReply, signIn: NewSignIn): void;
  /** Tells of a fault of the server's own: counter and log line. */
  failed(error: unknown): void;
}
