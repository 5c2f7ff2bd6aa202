/**
 * The SDK: the calls over HTTP, for what the events of the wire don't do: accounts, chats and who is in them, read
 * markers, tokens.
 */
import type { ErrorName } from "../protocol/error-codes.ts";
import { mayRetry } from "./errors.ts";
import type { Chat, ChatSummary, Me, NewToken, PublicRoom, Token, User } from "./http-shapes.ts";
import {
  chatOf,
  type Fields,
  listOf,
  meOf,
  newTokenOf,
  publicRoomOf,
  summaryOf,
  tokenOf,
  userOf,
} from "./http-shapes.ts";
import type { EndReason } from "./types.ts";

/** A call that failed. */
export class ApiError extends Error {
  /**
   * What it is to a program: the server's own code; `redirected` where something between sends one elsewhere,
   * `unreachable` where nothing answers, `not_understood` where what answers is no such server.
   */
  readonly code: ErrorName | "redirected" | "unreachable" | "not_understood";
  /** The status of the answer; 0 where there is none. */
  readonly status: number;
  /** What it is to a person. */
  readonly detail: string;
  /** Whether the same again may succeed later. */
  readonly retry: boolean;
  /** When to try again, in milliseconds from now, where the server says so. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ApiError["code"],
    detail: string,
    { status, retryAfterMs }: { readonly status: number; readonly retryAfterMs: number | undefined },
  ) {
    super(detail);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
    this.detail = detail;
    this.retry = mayRetry(code) || code === "unreachable" || status >= 500;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Where the server is, and who asks. */
export interface HttpApiOptions {
  /** What stands before each path: `http://localhost:8000`, or nothing in a page of the server itself. */
  readonly base: string;
  readonly token?: string | undefined;
  readonly fetch?: typeof fetch | undefined;
}

type Method = "GET" | "POST" | "PUT" | "DELETE";

/** The calls. Each rejects with an `ApiError`. */
export class HttpApi {
  readonly #base: string;
  readonly #token: string | undefined;
  readonly #fetch: typeof fetch;
  /** Outside a browser nobody else remembers it. */
  #cookie: string | undefined;

  constructor({ base, token, fetch: ownFetch }: HttpApiOptions) {
    this.#base = base.replace(/\/$/, "");
    this.#token = token;
    this.#fetch = ownFetch ?? ((input, init) => fetch(input, init));
  }

  /** Makes an account. Signs nobody in. */
  async signUp(who: { name: string; password?: string | undefined; invite?: string | undefined }): Promise<User> {
    const { name: username, password, invite } = who;
    return userOf(await this.#ask("POST", "/users", { username, password, invite }));
  }

  /** Signs in with a cookie, and says who one is. */
  async signIn({ name: username, password }: { name: string; password?: string | undefined }): Promise<Me> {
    await this.#ask("POST", "/login", { username, password }, true);
    return this.me();
  }

  /** Signs out: the cookie goes, and what was signed in with it ends. */
  async signOut(): Promise<void> {
    await this.#ask("POST", "/logout", {}, true);
    this.#cookie = undefined;
  }

  /** Oneself; `unauthorized` for guests. */
  async me(): Promise<Me> {
    return meOf(await this.#ask("GET", "/me"));
  }

  /** People whose name begins so, 20 at most. */
  async findUsers(prefix: string): Promise<readonly User[]> {
    return listOf(await this.#ask("GET", `/users?name=${encodeURIComponent(prefix)}`), userOf);
  }

  /** Somebody. */
  async user(id: string): Promise<User> {
    return userOf(await this.#ask("GET", `/users/${id}`));
  }

  /** The public rooms. */
  async rooms(): Promise<readonly PublicRoom[]> {
    return listOf(await this.#ask("GET", "/rooms"), publicRoomOf);
  }

  /** One's chats, the one with the newest message first. */
  async chats(): Promise<readonly ChatSummary[]> {
    return listOf(await this.#ask("GET", "/chats"), summaryOf);
  }

  /** A chat. */
  async chat(id: string): Promise<Chat> {
    return chatOf(await this.#ask("GET", path(id)));
  }

  /** Makes a chat; with `direct` and one member the one chat of these two, which may be there already. */
  async createChat(chat: {
    name?: string | undefined;
    members: readonly string[];
    direct?: boolean | undefined;
  }): Promise<Chat> {
    return chatOf(await this.#ask("POST", "/chats", chat));
  }

  /** Adds people, by their ids. */
  async addMembers(chat: string, members: readonly string[]): Promise<Chat> {
    return chatOf(await this.#ask("POST", `${path(chat)}/members`, { members }));
  }

  /** Removes somebody, or oneself: that is to leave. */
  async removeMember(chat: string, user: string): Promise<void> {
    await this.#ask("DELETE", `${path(chat)}/members/${user}`);
  }

  /** Moves one's read marker on. Says where it stands, and how many messages are unread. */
  async markRead(chat: string, seq: number): Promise<{ readonly seq: number; readonly unread: number }> {
    const marker = await this.#ask("PUT", `${path(chat)}/read`, { seq });
    return { seq: Number(marker["seq"]), unread: Number(marker["unread"]) };
  }

  /** Takes a message's text away. */
  async removeMessage(chat: string, message: string): Promise<void> {
    await this.#ask("DELETE", `${path(chat)}/messages/${message}`);
  }

  /** One's tokens, without their secrets. */
  async tokens(): Promise<readonly Token[]> {
    return listOf(await this.#ask("GET", "/tokens"), tokenOf);
  }

  /** A token for a program, good for so many seconds or until it is revoked. The only time that it is told. */
  async createToken(token: { label?: string | undefined; expiresIn?: number | undefined } = {}): Promise<NewToken> {
    return newTokenOf(await this.#ask("POST", "/tokens", { label: token.label, expires_in: token.expiresIn }));
  }

  /** Revokes a token: what was signed in with it ends. */
  async revokeToken(id: string): Promise<void> {
    await this.#ask("DELETE", `/tokens/${id}`);
  }

  /** Changes one's password. All other sign-ins end, and all tokens. */
  async changePassword(current: string, password: string): Promise<void> {
    await this.#ask("PUT", "/me/password", { current, password });
  }

  /** Why no connection comes to be, where asking can tell: one is not signed in (any more), or sent elsewhere. */
  readonly whyNot = async (): Promise<EndReason | undefined> => {
    try {
      await this.me();
    } catch (error) {
      const { code, detail } = error as ApiError;
      if (code === "redirected" || code === "unauthorized") return { code, text: detail };
    }
    return undefined;
  };

  async #ask(method: Method, path: string, body?: object, isForm = false): Promise<Fields> {
    const headers: Record<string, string> = { accept: "application/json" };
    if (body !== undefined) headers["content-type"] = "application/json";
    if (this.#token !== undefined) headers["authorization"] = `Bearer ${this.#token}`;
    if (this.#cookie !== undefined) headers["cookie"] = this.#cookie;
    const answer = await this.#fetch(this.#base + path, {
      method,
      headers,
      redirect: "manual",
      // A read marker is on its way often when the page is left: the browser sends it all the same.
      keepalive: method === "PUT",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw new ApiError("unreachable", String(error), { status: 0, retryAfterMs: undefined });
    });
    return this.#read(answer, isForm);
  }

  async #read(answer: Response, isForm: boolean): Promise<Fields> {
    const { status, headers, type } = answer;
    const cookie = headers.get("set-cookie");
    if (cookie !== null) this.#cookie = cookie.split(";")[0];
    const after = Number(headers.get("retry-after") ?? Number.NaN);
    const how = { status, retryAfterMs: Number.isNaN(after) ? undefined : after * 1000 };
    // What a browser does not let one see is a redirect.
    if (type === "opaqueredirect" || (status >= 300 && status < 400)) {
      if (isForm) return {};
      throw new ApiError("redirected", headers.get("location") ?? "something sends you elsewhere", how);
    }
    if (status === 204) return {};
    let fields: Fields;
    try {
      fields = JSON.parse(await answer.text()) as Fields;
    } catch {
      throw new ApiError("not_understood", `an answer with status ${status} that is not JSON`, how);
    }
    if (answer.ok) return fields;
    throw new ApiError(
      String(fields["code"] ?? "not_understood") as ErrorName,
      String(fields["detail"] ?? `HTTP ${status}`),
      how,
    );
  }
}

const path = (chat: string): string => `/chats/${encodeURIComponent(chat)}`;
