/**
 * The permission table, every cell of it, over every door (CMD-4): for each kind of room, role and action somebody in that
 * role asks for it over HTTP, TCP and WebSocket, and is let or refused as the table says. What a door can't ask, or a role
 * can't come through, has no cell: HTTP has no presence, sessions add nobody, and a guest has nothing to show over HTTP.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Action, isAllowed, ROLES, type Role, type RoomKind } from "../../src/server/auth/permissions.ts";
import type { Actor } from "../../src/server/auth/user.ts";
import type { EventClient } from "../support/event-client.ts";
import { ask, type HttpAsk } from "../support/http-client.ts";
import { type HttpServer, startHttpServer } from "../support/http-server.ts";
import type { HeardEvent } from "../support/line-client.ts";
import { WebSocketClient } from "../support/websocket-client.ts";
import { WireClient } from "../support/wire-client.ts";

const PUBLIC_ROOM = "rust";
const HOUR_S = 3600;
const NO_MESSAGE = "01900000-0000-7000-8000-ffffffffffff";

/** Somebody with an account, and what they show at the doors. */
interface Person extends Actor {
  readonly token: string;
}

/** A room as it stands before one cell is tried. */
interface Setting {
  readonly room: string;
  /** Messages by whoever asks, or one that there is not where they never could write any, and by another member. */
  readonly own: string;
  readonly other: string;
  /** That other member. */
  readonly member: string;
  readonly lastSeq: number;
}

let server: HttpServer;
let count = 0;

beforeAll(async () => {
  const limits = { messagesPerSecond: 0, sessionsPerAddressMax: 0 };
  server = await startHttpServer({ auth: { mode: "password", signUp: "open", guests: true }, limits });
});

afterAll(() => server.stop());

/** Made in the directory itself: to hash a password for each would take a minute. */
async function person(isAdmin = false): Promise<Person> {
  count += 1;
  const name = `person ${count}`;
  const id = `01900000-0000-7000-8000-${String(count).padStart(12, "0")}`;
  const dates = { createdAt: 1, updatedAt: 1 };
  await server.directory.createAccount({ id, name, passwordHash: undefined, isAdmin, isDisabled: false, ...dates }, 1);
  const user = { id, name, isAdmin, isGuest: false };
  const { token } = await server.core.accounts.createToken(user, "test", undefined);
  return { user, address: "127.0.0.1", token };
}

/** A room in which `who` has the role. */
async function setting(kind: RoomKind, role: Role, who: Person | undefined): Promise<Setting> {
  const { api } = server.core;
  const owner = role === "owner" && who !== undefined ? who : await person();
  const helper = await person();
  const room =
    kind === "public"
      ? PUBLIC_ROOM
      : (await api.createChat(owner, { name: "team", direct: false, members: [helper.user.id] })).chat.id;
  if (kind === "chat" && who !== undefined && (role === "member" || role === "removed")) {
    await api.addMembers(owner, room, [who.user.id]);
  }
  const mayWrite = who !== undefined && (kind === "public" || ["member", "owner", "removed"].includes(role));
  const own = mayWrite ? (await api.post(who, room, "mine", undefined)).id : NO_MESSAGE;
  const other = await api.post(helper, room, "theirs", undefined);
  if (kind === "chat" && role === "removed" && who !== undefined) {
    await api.removeMember(owner, room, who.user.id);
  }
  if (kind === "public" && role === "banned" && who !== undefined) {
    const asked = { type: "user", subject: who.user.id, seconds: HOUR_S } as const;
    await api.ban(await person(true), room, asked);
  }
  return { room, own, other: other.id, member: helper.user.id, lastSeq: other.seq };
}

/** How each action is asked for over HTTP; `undefined` where it can't be. */
const OVER_HTTP: Readonly<Record<Action, ((at: Setting, who: Person) => Promise<[string, HttpAsk]>) | undefined>> = {
  see: async ({ room }) => [`/chats/${room}`, {}],
  join: undefined,
  read: async ({ room }) => [`/chats/${room}/messages`, {}],
  resume: undefined,
  post: async ({ room }) => [`/chats/${room}/messages`, { form: { content: "hello" } }],
  mark_read: async ({ room, lastSeq }) => [`/chats/${room}/read`, { method: "PUT", form: { seq: String(lastSeq) } }],
  remove_own_message: async ({ room, own }) => [`/chats/${room}/messages/${own}`, { method: "DELETE" }],
  remove_message: async ({ room, other }) => [`/chats/${room}/messages/${other}`, { method: "DELETE" }],
  add_member: async ({ room }) => [`/chats/${room}/members`, { form: { members: (await person()).user.id } }],
  remove_member: async ({ room, member }) => [`/chats/${room}/members/${member}`, { method: "DELETE" }],
  leave: async ({ room }, { user }) => [`/chats/${room}/members/${user.id}`, { method: "DELETE" }],
  ban: async ({ room }) => [
    `/rooms/${room}/bans`,
    { form: { type: "user", subject: (await person()).user.id, seconds: String(HOUR_S) } },
  ],
};

/** How each action is asked for by a session, and the event that says that it was done; the rest only HTTP can ask. */
const IN_SESSION: Partial<Record<Action, (at: Setting) => readonly [HeardEvent, HeardEvent]>> = {
  join: ({ room }) => [{ _ct: "join_room", r: room }, { _et: "user_joined_room" }],
  read: ({ room }) => [{ _ct: "history", r: room }, { _et: "history" }],
  resume: ({ room }) => [{ _ct: "join_room", r: room, after: 0 }, { _et: "caught_up" }],
  post: ({ room }) => [{ _ct: "send_message", r: room, c: "hello", k: "key" }, { _et: "ack" }],
};

/** The cells of one door: kind, role, action. */
function cells(actions: readonly Action[], guests: boolean): [RoomKind, Role, Action][] {
  const kinds: readonly RoomKind[] = ["public", "chat"];
  return kinds.flatMap((kind) =>
    ROLES.filter((role) => role !== "guest" || guests).flatMap((role) =>
      actions.map((action): [RoomKind, Role, Action] => [kind, role, action]),
    ),
  );
}

const httpActions = Object.entries(OVER_HTTP).flatMap(([action, how]) => (how === undefined ? [] : [action as Action]));
const sessionActions = Object.keys(IN_SESSION) as Action[];

/** An admin who is in a chat besides is what its other column says; here they are only an admin. */
const asAdmin = (role: Role): boolean => role === "admin";

describe("over HTTP", () => {
  it.each(cells(httpActions, false))("CMD-4 %s room, %s: %s", async (kind, role, action) => {
    const who = await person(asAdmin(role));
    const at = await setting(kind, role, who);
    const how = OVER_HTTP[action];
    if (how === undefined) throw new Error("this can't be asked over HTTP");
    // A public room is nobody's chat: there is nothing to see of it there, and nobody to come and go.
    const isNone = kind === "public" && action === "see";
    const isOwnMissing = action === "remove_own_message" && at.own === NO_MESSAGE;
    const [path, asked] = await how(at, who);
    const answer = await ask(server.port, path, { ...asked, headers: { authorization: `Bearer ${who.token}` } });
    const mayDo = isAllowed(kind, false, [role], action) && !isNone && !isOwnMissing;
    const isSeen = isAllowed(kind, false, [role], "see");
    if (mayDo) expect(answer.status, answer.body).toBeLessThan(300);
    // Who moderates is told that there is no such message.
    else if (isOwnMissing && role === "admin") expect(answer.json()).toMatchObject({ code: "unknown_message" });
    else if (isNone) expect(answer.status).toBeGreaterThanOrEqual(403);
    else if (role === "banned" && kind === "public")
      expect(answer.json()).toMatchObject({ code: "banned", status: 403 });
    else expect(answer.json()).toMatchObject({ code: isSeen ? "forbidden" : "unknown_room" });
  });
});

describe.each(["tcp", "websocket"] as const)("over %s", (door) => {
  it.each(cells(sessionActions, true))("CMD-4 %s room, %s: %s", async (kind, role, action) => {
    const isGuest = role === "guest";
    const who = isGuest ? undefined : await person(asAdmin(role));
    const at = await setting(kind, role, who);
    const client: EventClient =
      door === "tcp" ? await WireClient.arrive(server.tcpPort) : await WebSocketClient.arrive(server.port);
    client.send({ _ct: "hello", v: 1, ...(who === undefined ? {} : { t: who.token }) });
    await client.heard({ _et: "login_successful" });
    const [command, done] = IN_SESSION[action]?.(at) ?? [];
    if (command === undefined || done === undefined) throw new Error("this can't be asked by a session");
    // Whoever may join speaks where they have joined; whoever may not is refused for that, not for having not joined.
    if (action === "post" && isAllowed(kind, false, [role], "join")) await client.join(at.room);
    client.send(command);
    const mayDo = isAllowed(kind, false, [role], action);
    const answer = await client.heard(mayDo ? done : { _et: "error" });
    const isSeen = isAllowed(kind, false, [role], "see");
    const refusal = role === "banned" && kind === "public" ? "banned" : isSeen ? "forbidden" : "unknown_room";
    if (!mayDo) expect(answer).toMatchObject({ code: refusal, r: at.room });
    client.drop();
  });
});

describe("a change of what somebody may do", () => {
  const session = async (who: Person): Promise<EventClient> => {
    const client = await WireClient.arrive(server.tcpPort);
    client.send({ _ct: "hello", v: 1, t: who.token });
    await client.heard({ _et: "login_successful" });
    return client;
  };

  it("CMD-4 ends the live sessions of a token that is revoked, of no other", async () => {
    const [who, other] = [await person(), await person()];
    const [ended, goesOn] = [await session(who), await session(other)];
    const [token] = await server.core.accounts.tokens(who.user);
    await server.core.accounts.revokeToken(who.user, token?.id ?? "");
    expect(await ended.heard({ _et: "error" }, 1000)).toMatchObject({ code: "signed_out" });
    await ended.closed(1000);
    await goesOn.join(PUBLIC_ROOM);
  });

  it("CMD-4 takes a banned user and a banned address out of the room at once, and lets them back when it is lifted", async () => {
    const admin = await person(true);
    const who = await person();
    const client = await session(who);
    await client.join(PUBLIC_ROOM);
    const asked = { type: "user", subject: who.user.name, seconds: HOUR_S } as const;
    await server.core.api.ban(admin, PUBLIC_ROOM, asked);
    expect(await client.heard({ _et: "error" }, 1000)).toMatchObject({ code: "banned", r: PUBLIC_ROOM });
    await client.heard({ _et: "room_removed", r: PUBLIC_ROOM });
    client.send({ _ct: "join_room", r: PUBLIC_ROOM, after: 0 });
    expect(await client.heard({ _et: "error" })).toMatchObject({ code: "banned" });
    await server.core.api.unban(admin, PUBLIC_ROOM, "user", who.user.id);
    await client.join(PUBLIC_ROOM);
    const address = { type: "address", subject: "127.0.0.1", seconds: HOUR_S } as const;
    await server.core.api.ban(admin, "general", address);
    const guest = await WireClient.arrive(server.tcpPort);
    guest.send({ _ct: "join_room", r: "general" });
    expect(await guest.heard({ _et: "error" })).toMatchObject({ code: "banned", r: "general" });
    await server.core.api.unban(admin, "general", "address", "127.0.0.1");
    await guest.join("general");
  });
});
