/**
 * Test support: people over HTTP, in open mode by their cookie, elsewhere by a token.
 */
import { ask, type HttpAnswer, type HttpAsk } from "./http-client.ts";
import { until } from "./until.ts";

/** How long a node may say that it can't for the moment. */
const ABLE_WITHIN_MS = 30_000;
/** What says that nothing was done, and that it may be asked again. */
const NOT_NOW = ["unavailable", "not_sent"];

/** A user as the API shows one. */
export interface HttpUser {
  readonly user_id: string;
  readonly username: string;
  readonly created_at: string;
  readonly updated_at: string;
}

/** A chat as the API shows one. */
export interface HttpChat {
  readonly chat_id: string;
  readonly members: readonly string[];
  readonly name: string;
  readonly created_at: string;
}

/** A message as the API shows one. */
export interface HttpMessage {
  readonly chat_id: string;
  readonly sender_id: string;
  readonly content: string;
  readonly message_id: string;
  readonly seq: number;
  readonly sender_name: string;
  readonly created_at: string;
  readonly removed?: true;
}

/** Somebody. */
export class HttpPerson {
  readonly #port: number;
  readonly #headers: Readonly<Record<string, string>>;
  readonly user: HttpUser;

  private constructor(port: number, user: HttpUser, headers: Readonly<Record<string, string>>) {
    this.#port = port;
    this.user = user;
    this.#headers = headers;
  }

  /** Makes an account in open mode. */
  static async open(port: number, username: string): Promise<HttpPerson> {
    const user = (await ask(port, "/users", { form: { username } })).json<HttpUser>();
    return new HttpPerson(port, user, { cookie: `user_id=${user.user_id}` });
  }

  /** Makes an account in mode `password`, and signs in. */
  static async password(port: number, username: string, password: string): Promise<HttpPerson> {
    const user = (await ask(port, "/users", { form: { username, password } })).json<HttpUser>();
    const signedIn = await ask(port, "/login", { form: { username, password } });
    const cookie = signedIn.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
    return new HttpPerson(port, user, { cookie });
  }

  /** The same person, with what they are signed in with, at another door. */
  at(port: number): HttpPerson {
    return new HttpPerson(port, this.user, this.#headers);
  }

  get id(): string {
    return this.user.user_id;
  }

  get name(): string {
    return this.user.username;
  }

  /** What this person's requests carry. */
  get headers(): Readonly<Record<string, string>> {
    return this.#headers;
  }

  /** Sends a request as this person. */
  ask(path: string, asked: HttpAsk = {}): Promise<HttpAnswer> {
    return ask(this.#port, path, { ...asked, headers: { ...this.#headers, ...asked.headers } });
  }

  /** Makes a chat, and gives its id. */
  async chat(name: string, ...others: readonly HttpPerson[]): Promise<string> {
    const form = [["name", name], ...others.map((other) => ["members", other.id])] as [string, string][];
    const answer = await this.#askOnceAble("/chats", { form });
    if (answer.status !== 201) throw new Error(`a chat was answered ${answer.status} ${answer.body}`);
    return answer.json<HttpChat>().chat_id;
  }

  /** Says something. */
  async post(chat: string, content: string): Promise<HttpMessage> {
    const answer = await this.#askOnceAble(`/chats/${encodeURIComponent(chat)}/messages`, { form: { content } });
    if (answer.status !== 200) throw new Error(`a post was answered ${answer.status} ${answer.body}`);
    return answer.json<HttpMessage>();
  }

  /** Reads. */
  async messages(chat: string, query = ""): Promise<readonly HttpMessage[]> {
    return (await this.#askOnceAble(`/chats/${encodeURIComponent(chat)}/messages${query}`)).json<HttpMessage[]>();
  }

  /** Asks, and again as clients do where a node stood still and has not heard from its log lately. */
  async #askOnceAble(path: string, asked: HttpAsk = {}): Promise<HttpAnswer> {
    return await until(
      ABLE_WITHIN_MS,
      () => `an answer to ${path}`,
      async () => {
        const answer = await this.ask(path, asked);
        return answer.status === 503 && NOT_NOW.includes(String(answer.json()["code"])) ? undefined : answer;
      },
    );
  }
}
