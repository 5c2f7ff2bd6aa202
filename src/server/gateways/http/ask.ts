/**
 * Stage 1, the HTTP door: one request as the calls see it, and what they answer. So a call is a function from one to the
 * other, and knows nothing of sockets or Fastify.
 */
import type { IncomingMessage } from "node:http";
import type { SignedIn } from "../../auth/credential.ts";
import type { Actor } from "../../auth/user.ts";
import { CommandError } from "../../commands/command-error.ts";
import type { Uuid } from "../../record.ts";
import { isUuid } from "../../uuid.ts";
import type { Fields } from "./fields.ts";
import type { Visitors } from "./visitors.ts";

/** What is asked. */
export class Ask {
  readonly request: IncomingMessage;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Fields;
  readonly body: Fields;
  readonly #visitors: Visitors;
  #address: string | undefined;

  constructor(
    visitors: Visitors,
    request: IncomingMessage,
    parts: { readonly params: Readonly<Record<string, string>>; readonly query: Fields; readonly body: Fields },
  ) {
    this.#visitors = visitors;
    this.request = request;
    this.params = parts.params;
    this.query = parts.query;
    this.body = parts.body;
  }

  /** The client's network address. */
  get address(): string {
    this.#address ??= this.#visitors.address(this.request);
    return this.#address;
  }

  /** Whether cookies may say `Secure`. */
  get isSecure(): boolean {
    return this.#visitors.isSecure(this.request);
  }

  /** Who asks, and by what; `undefined` where no credential was shown. */
  signedIn(): Promise<SignedIn | undefined> {
    return this.#visitors.identify(this.request, this.address, undefined);
  }

  /** Who asks; `undefined` where no credential was shown. */
  async visitor(): Promise<Actor | undefined> {
    const signedIn = await this.signedIn();
    return signedIn === undefined ? undefined : { user: signedIn.user, address: this.address };
  }

  /** Who asks. Throws `unauthorized` where nobody says. */
  async actor(): Promise<Actor> {
    const visitor = await this.visitor();
    if (visitor === undefined) throw new CommandError("unauthorized", "say who you are: sign in, or send a token");
    return visitor;
  }

  /** A part of the path, decoded. */
  param(name: string): string {
    return this.params[name] ?? "";
  }
}

/** A text as the id that it is; `undefined` where it is none. */
export function asUuid(text: string): Uuid | undefined {
  const small = text.toLowerCase();
  return isUuid(small) ? small : undefined;
}

/** An id in small letters, however it came, and any other text as it is: what names a room, or somebody, may be either. */
export const asWritten = (text: string): string => asUuid(text) ?? text;

/** What is answered. */
export interface Answer {
  readonly status: number;
  /** JSON text; `undefined` = no body. */
  readonly json: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

/** Of an answer that needs none beyond those that every answer has. */
export const NO_HEADERS: Answer["headers"] = Object.freeze({});

/** 200, or another status, with a JSON text. */
export function ok(json: string, status = 200, headers: Answer["headers"] = NO_HEADERS): Answer {
  return { status, json, headers };
}

/** Done, and there is nothing to say. */
export const done: Answer = Object.freeze({ status: 204, json: undefined, headers: NO_HEADERS });

/** `303` to another page, and cookies to keep. */
export function seeOther(location: string, cookies: readonly string[]): Answer {
  return { status: 303, json: undefined, headers: { location, "set-cookie": cookies } };
}
