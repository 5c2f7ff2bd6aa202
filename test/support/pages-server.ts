/**
 * Test support: the pages over a chat that lives in memory, small enough to be read at a glance, for tests of what the
 * pages themselves do. It checks rights with the table of the server, and no more.
 */
import { randomUUID } from "node:crypto";
import { type FastifyInstance, type FastifyRequest, fastify } from "fastify";
import type { ErrorName } from "../../src/protocol/error-codes.ts";
import { type Action, isAllowed, type Role } from "../../src/server/auth/permissions.ts";
import type { Actor } from "../../src/server/auth/user.ts";
import { systemChance } from "../../src/server/clock.ts";
import type { PublicRoom } from "../../src/server/commands/api.ts";
import type { Chat, ChatSummary, Message } from "../../src/server/commands/chat.ts";
import { CommandError } from "../../src/server/commands/command-error.ts";
import type { MessagePage } from "../../src/server/commands/read-messages.ts";
import { readCookie } from "../../src/server/gateways/http/cookies.ts";
import { Origins } from "../../src/server/gateways/http/origins.ts";
import type {
  PageFrame,
  PagesAccounts,
  PagesApi,
  PagesDoor,
  Person,
  SignInRules,
} from "../../src/server/gateways/pages/door.ts";
import { registerPages } from "../../src/server/gateways/pages/pages.ts";
import { refuseSignIn } from "../../src/server/gateways/pages/sign-in-routes.ts";
import { nameKey } from "../../src/server/name-key.ts";

/** The time of the first message; each later one is a minute younger. */
const FIRST_MESSAGE_AT = Date.UTC(2026, 0, 2, 23, 50);
const MINUTE_MS = 60_000;

interface Room {
  chat: Chat | undefined;
  readonly messages: Message[];
  readonly keys: Map<string, Message>;
}

/** People, chats and messages in memory. */
export class PretendChats implements PagesApi, PagesAccounts {
  readonly people: Person[] = [];
  readonly passwords = new Map<string, string>();
  readonly admins = new Set<string>();
  readonly read = new Map<string, number>();
  readonly publicRooms: PublicRoom[] = [
    { id: randomUUID(), name: "general", description: "For whatever has no room of its own.", lastSeq: 0 },
    {
      id: randomUUID(),
      name: "a/b & c",
      description: "A name that does not stand in an address as it is.",
      lastSeq: 0,
    },
  ];
  readonly #rooms = new Map<string, Room>(
    this.publicRooms.map(({ id }) => [id, { chat: undefined, messages: [], keys: new Map() }]),
  );
  /** What the next call of the API fails with. */
  failure: Error | undefined;
  signUp: SignInRules["signUp"] = "open";

  async create(ask: { name: string; password: string | undefined; invite: string | undefined }): Promise<Person> {
    this.#fail();
    if (this.signUp === "invite" && ask.invite !== "welcome") throw new CommandError("sign_up_closed", "no invite");
    if (ask.name === "") throw new CommandError("bad_field", "username must not be empty");
    if (this.named(ask.name) !== undefined) throw new CommandError("name_taken", "the name is taken");
    const person = { id: randomUUID(), name: ask.name };
    this.people.push(person);
    this.passwords.set(person.id, ask.password ?? "");
    return person;
  }

  async signIn({ name, password }: { name: string; password: string | undefined }) {
    const account = this.named(name);
    if (account === undefined || this.passwords.get(account.id) !== (password ?? "")) {
      throw new CommandError("wrong_credentials", "there is no such account, or the password is another");
    }
    return { account, cookie: undefined };
  }

  async search(prefix: string): Promise<readonly Person[]> {
    const found = this.people.filter(({ name }) => nameKey(name).startsWith(nameKey(prefix)));
    return found.sort((a, b) => (nameKey(a.name) < nameKey(b.name) ? -1 : 1)).slice(0, 20);
  }

  named(name: string): Person | undefined {
    return this.people.find((person) => nameKey(person.name) === nameKey(name));
  }

  async createChat(who: Actor, ask: { name: string | undefined; members: readonly string[]; direct: boolean }) {
    this.#fail();
    const members = [...new Set([...ask.members, who.user.id])];
    if (members.some((id) => !this.people.some((each) => each.id === id))) {
      throw new CommandError("unknown_user", "there is no such user");
    }
    for (const { chat } of this.#rooms.values()) {
      if (ask.direct && chat?.isDirect === true && members.every((id) => chat.members.includes(id))) {
        return { chat, isNew: false };
      }
    }
    const chat: Chat = {
      ...{ id: randomUUID(), name: ask.name ?? "", isDirect: ask.direct, owner: who.user.id, members },
      createdAt: FIRST_MESSAGE_AT,
    };
    this.#rooms.set(chat.id, { chat, messages: [], keys: new Map() });
    return { chat, isNew: true };
  }

  async chat(who: Actor, id: string): Promise<Chat> {
    this.#fail();
    const { chat } = this.#allowed(who, id, "see");
    if (chat === undefined) throw new CommandError("unknown_room", "there is no such room");
    return chat;
  }

  async chats(who: Actor): Promise<readonly ChatSummary[]> {
    this.#fail();
    const mine: ChatSummary[] = [];
    for (const { chat, messages } of this.#rooms.values()) {
      if (chat?.members.includes(who.user.id) !== true) continue;
      const read = this.read.get(`${who.user.id} ${chat.id}`) ?? 0;
      const unread = messages.filter(({ seq }) => seq > read).length;
      mine.push({ ...chat, last: messages.at(-1), lastSeq: messages.length, unread });
    }
    return mine.sort((a, b) => (b.last?.time ?? b.createdAt) - (a.last?.time ?? a.createdAt));
  }

  rooms(): readonly PublicRoom[] {
    return this.publicRooms;
  }

  async addMembers(who: Actor, id: string, users: readonly string[]): Promise<Chat> {
    this.#fail();
    const room = this.#allowed(who, id, "add_member");
    const members = [...(room.chat?.members ?? []), ...users];
    const chat = { ...(room.chat as Chat), members };
    room.chat = chat;
    return chat;
  }

  async removeMember(who: Actor, id: string, user: string): Promise<void> {
    this.#fail();
    const room = this.#allowed(who, id, user === who.user.id ? "leave" : "remove_member");
    const chat = room.chat as Chat;
    room.chat = { ...chat, members: chat.members.filter((member) => member !== user) };
  }

  async post(who: Actor, id: string, content: string, key: string | undefined): Promise<Message> {
    this.#fail();
    const room = this.#allowed(who, id, "post");
    if (content === "") throw new CommandError("empty_message", "a message has a text");
    const known = room.keys.get(key ?? "");
    if (known !== undefined) return known;
    const seq = room.messages.length + 1;
    const time = FIRST_MESSAGE_AT + (seq - 1) * MINUTE_MS;
    const sender = { sender: who.user.id, senderName: who.user.name };
    const message = { id: randomUUID(), room: id, seq, n: seq, ...sender, time, content, key, removed: false };
    room.messages.push(message);
    if (key !== undefined) room.keys.set(key, message);
    this.read.set(`${who.user.id} ${room.chat?.id}`, seq);
    return message;
  }

  async messages(
    who: Actor,
    id: string,
    { before, after, limit }: { before: number | undefined; after: number | undefined; limit: number | undefined },
  ): Promise<MessagePage> {
    const { messages } = this.#allowed(who, id, "read");
    const count = limit ?? 1000;
    const wanted = messages.filter(({ seq }) => (before === undefined || seq < before) && seq > (after ?? 0));
    const page = after === undefined ? wanted.slice(-count) : wanted.slice(0, count);
    const first = page.at(0)?.seq ?? 0;
    const last = page.at(-1)?.seq ?? (before === undefined ? messages.length : before - 1);
    return {
      messages: page.toReversed(),
      olderBefore: first > 1 ? first : undefined,
      newerAfter: last < messages.length ? last : undefined,
    };
  }

  async removeMessage(who: Actor, id: string, message: string): Promise<void> {
    this.#fail();
    const { messages } = this.#allowed(who, id, "see");
    const index = messages.findIndex((each) => each.id === message);
    const found = messages[index];
    if (found === undefined) throw new CommandError("unknown_message", "there is no such message");
    this.#allowed(who, id, found.sender === who.user.id ? "remove_own_message" : "remove_message");
    messages[index] = { ...found, content: "", removed: true };
  }

  async markRead(who: Actor, id: string, seq: number) {
    this.#allowed(who, id, "mark_read");
    this.read.set(`${who.user.id} ${id}`, seq);
    return { seq, unread: 0 };
  }

  async names(ids: Iterable<string>): Promise<ReadonlyMap<string, string>> {
    const wanted = new Set(ids);
    return new Map(this.people.filter(({ id }) => wanted.has(id)).map(({ id, name }) => [id, name]));
  }

  #fail(): void {
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
  }

  #allowed({ user }: Actor, id: string, action: Action): Room {
    const named = this.publicRooms.find(({ name }) => name === id)?.id ?? id;
    const room = this.#rooms.get(named);
    const chat = room?.chat;
    const isMember = chat?.members.includes(user.id) === true;
    const roles: Role[] = [chat?.owner === user.id ? "owner" : isMember ? "member" : "outsider"];
    if (user.isAdmin) roles.push("admin");
    const may = (what: Action): boolean =>
      isAllowed(chat === undefined ? "public" : "chat", chat?.isDirect === true, roles, what);
    const refusal: ErrorName = may("see") ? "forbidden" : "unknown_room";
    if (room === undefined || !may(action)) throw new CommandError(room === undefined ? "unknown_room" : refusal, "no");
    return room;
  }
}

/** The pages, their chats and what they complained of. */
export interface PagesServer {
  readonly server: FastifyInstance;
  readonly chats: PretendChats;
  readonly faults: unknown[];
  /** A cookie with which requests are somebody's; their account is made where there is none. */
  cookieOf(name: string): Promise<string>;
}

/** Puts them together; nothing listens yet. */
export async function pagesServer(
  rules: SignInRules = { mode: "open", signUp: "open" },
  web: PageFrame["web"] = undefined,
): Promise<PagesServer> {
  const frame: PageFrame = { ...rules, web, openAnyway: false };
  const chats = new PretendChats();
  chats.signUp = rules.signUp;
  const faults: unknown[] = [];
  const server = fastify({ logger: false, bodyLimit: 64 * 1024 });
  server.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string" },
    async (_: FastifyRequest, body: string) => Object.fromEntries(new URLSearchParams(body)),
  );
  const origins = new Origins({ mode: rules.mode, listenHost: "127.0.0.1", origins: [] });
  server.addHook("onRequest", async (request, reply) => {
    const refusal = origins.refusal(request.headers, request.method !== "GET");
    return refusal === undefined ? undefined : reply.code(403).send(refusal);
  });
  const door: PagesDoor = {
    ...{ ...frame, api: chats, accounts: chats, chance: systemChance },
    identify: async (request) => {
      const id = readCookie(request.headers.cookie, "user_id");
      if (id === undefined) return undefined;
      const person = chats.people.find((each) => each.id === id);
      if (person === undefined) throw new CommandError("unauthorized", "unknown user");
      return { user: { ...person, isGuest: false, isAdmin: chats.admins.has(id) }, address: request.ip };
    },
    address: (request) => request.ip,
    setCookie: (reply, { account }) => {
      reply.header("set-cookie", `user_id=${account.id}; Path=/; HttpOnly; SameSite=Lax`);
    },
    failed: (error) => {
      faults.push(error);
    },
  };
  registerPages(server, door);
  server.post("/login", async (request, reply) => {
    const { username = "", password } = request.body as { username?: string; password?: string };
    try {
      door.setCookie(reply, await chats.signIn({ name: username, password }));
      return reply.redirect("/", 303);
    } catch (error) {
      return refuseSignIn(reply, frame, request.body, error);
    }
  });
  server.post("/logout", async (_request, reply) =>
    reply.header("set-cookie", "user_id=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0").redirect("/", 303),
  );
  return {
    ...{ server, chats, faults },
    cookieOf: async (name) => {
      const { id } = chats.named(name) ?? (await chats.create({ name, password: undefined, invite: "welcome" }));
      return `user_id=${id}`;
    },
  };
}
