/**
 * Stage 1, the pages: what they need of the server behind them. The HTTP door hands it over; the pages see nothing else.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Actor } from "../../auth/user.ts";
import type { Chance } from "../../clock.ts";
import type { Uuid } from "../../record.ts";

/** Somebody with an account. */
export interface Person {
  readonly id: Uuid;
  readonly name: string;
}

/** A chat, as a page shows it. */
export interface ShownChat {
  readonly id: Uuid;
  readonly name: string;
  readonly isDirect: boolean;
  readonly owner: Uuid;
  readonly members: readonly Person[];
  readonly createdAt: number;
}

/** A message, as a page shows it. */
export interface ShownMessage {
  readonly id: Uuid;
  readonly seq: number;
  readonly sender: Uuid;
  readonly senderName: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly content: string;
  readonly removed: boolean;
}

/** A chat in the list of somebody's chats. */
export interface ShownSummary extends ShownChat {
  readonly last: ShownMessage | undefined;
  readonly unread: number;
}

/** A public room. */
export interface ShownRoom {
  readonly id: Uuid;
  readonly name: string;
  readonly description: string;
}

/** A page of a room's messages, newest first, and the cursors of its neighbours where there are some. */
export interface ShownPage {
  readonly messages: readonly ShownMessage[];
  readonly olderBefore: number | undefined;
  readonly newerAfter: number | undefined;
}

/** As much of the API as the pages use. All of it throws `CommandError`. */
export interface PagesApi {
  createChat(
    who: Actor,
    ask: { readonly name: string | undefined; readonly members: readonly Uuid[]; readonly direct: boolean },
  ): Promise<{ readonly chat: ShownChat }>;
  chat(who: Actor, id: string): Promise<ShownChat>;
  chats(who: Actor): Promise<readonly ShownSummary[]>;
  rooms(): readonly ShownRoom[];
  addMembers(who: Actor, room: string, users: readonly Uuid[]): Promise<ShownChat>;
  removeMember(who: Actor, room: string, user: Uuid): Promise<void>;
  post(who: Actor, room: string, content: string, key: string | undefined): Promise<ShownMessage>;
  messages(
    who: Actor,
    room: string,
    page: {
      readonly before: number | undefined;
      readonly after: number | undefined;
      readonly limit: number | undefined;
    },
  ): Promise<ShownPage>;
  removeMessage(who: Actor, room: string, message: Uuid): Promise<void>;
  markRead(who: Actor, room: string, seq: number): Promise<unknown>;
}

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

/** What the pages need. */
export interface PagesDoor extends SignInRules {
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
