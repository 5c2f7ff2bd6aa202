/**
 * Stage 1, the pages: `/ui/chats/{id}` and the forms on it. Touches the API and the accounts, nothing else.
 */
import { createHash } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Actor } from "../../auth/user.ts";
import type { Chance } from "../../clock.ts";
import { CommandError } from "../../commands/command-error.ts";
import type { MessagePage } from "../../commands/read-messages.ts";
import { asWritten } from "../http/ask.ts";
import { CLIENT_COOKIE, readCookie } from "../http/cookies.ts";
import { chatPage, MEMBERS_BESIDE_MAX, type Place, type RefusedHere } from "./chat-page.ts";
import type { PagesApi, PagesDoor } from "./door.ts";
import type { Page } from "./layout.ts";
import { MEMBERS_PAGE_MAX, membersPage } from "./members-page.ts";
import { chatPath, END_ID, messageAnchor, writePath } from "./paths.ts";
import { personNamed } from "./people.ts";
import { membersOf, placeOf, rightsOf } from "./places.ts";
import { plainError } from "./plain-errors.ts";
import { cursorOf, leadTo, sendPage, signedIn, textOf, typedText } from "./requests.ts";

/** So many messages stand on one page. */
const MESSAGES_PAGE_MAX = 50;
const NONCE_BYTES = 16;

/** Where in a room the page is: before a seq, after one, or at the end. */
interface Cursor {
  readonly before: number | undefined;
  readonly after: number | undefined;
}

const NEWEST: Cursor = { before: undefined, after: undefined };

/** Adds the routes. */
export function addChatRoutes(server: FastifyInstance, door: PagesDoor): void {
  const { api, accounts, chance } = door;

  server.get(
    "/ui/chats/:id",
    signedIn(door, async (who, request, reply) => {
      const place = await placeOf(api, who, idOf(request));
      const cursor = { before: cursorOf(request.query, "before"), after: cursorOf(request.query, "after") };
      const page = await readPage(api, who, idOf(request), cursor);
      if (cursor.after !== undefined && page?.messages.length === 0) return leadTo(reply, place.path);
      if (isLookedAt(request)) await markRead(door, who, idOf(request), page);
      return sendPage(reply, door, 200, await render(api, who, place, page, makeNonce(chance), undefined));
    }),
  );

  server.get(
    "/ui/chats/:id/latest",
    signedIn(door, async (_who, request, reply) => leadTo(reply, `${chatPath(idOf(request))}#${END_ID}`)),
  );

  server.get(
    "/ui/chats/:id/members",
    signedIn(door, async (who, request, reply) => {
      const place = await placeOf(api, who, idOf(request));
      if (place.chat === undefined) return leadTo(reply, place.path);
      const skip = cursorOf(request.query, "skip") ?? 0;
      const rights = rightsOf(who.user, place.chat);
      const members = await membersOf(api, place.chat, skip, MEMBERS_PAGE_MAX);
      return sendPage(reply, door, 200, membersPage({ me: who.user, rights, place, chat: place.chat, members, skip }));
    }),
  );

  /** The newest messages again, with the error beside its form. Throws what keeps the chat from being shown at all. */
  const refuse = async (who: Actor, id: string, nonce: string, refused: RefusedHere): Promise<Page> => {
    const place = await placeOf(api, who, id);
    return render(api, who, place, await readPage(api, who, id, NEWEST), nonce, refused);
  };

  server.post(
    "/ui/chats/:id/messages",
    signedIn(door, async (who, request, reply) => {
      const typed = typedText(request.body, "content");
      const nonce = textOf(request.body, "nonce");
      try {
        await api.post(who, idOf(request), typed, keyOf(nonce, typed));
      } catch (error) {
        const { status, text } = plainError(error);
        // The same nonce: where it is not known what became of the message, sending it again makes no second one.
        const again = nonce === "" ? makeNonce(chance) : nonce;
        return sendPage(reply, door, status, await refuse(who, idOf(request), again, { form: "write", typed, text }));
      }
      return leadTo(reply, writePath(idOf(request)));
    }),
  );

  server.post(
    "/ui/chats/:id/messages/:message/remove",
    signedIn(door, async (who, request, reply) => {
      await api.removeMessage(who, idOf(request), textOf(request.params, "message"));
      const before = cursorOf(request.query, "before");
      const seq = cursorOf(request.query, "seq");
      const page = before === undefined ? "" : `?before=${before}`;
      return leadTo(reply, `${chatPath(idOf(request))}${page}#${seq === undefined ? END_ID : messageAnchor(seq)}`);
    }),
  );

  server.post(
    "/ui/chats/:id/members",
    signedIn(door, async (who, request, reply) => {
      const typed = textOf(request.body, "user");
      try {
        const person = await personNamed(accounts, typed);
        await api.addMembers(who, idOf(request), [person.id]);
      } catch (error) {
        const { status, text } = plainError(error);
        const refused = { form: "member", typed, text } as const;
        return sendPage(reply, door, status, await refuse(who, idOf(request), makeNonce(chance), refused));
      }
      return leadTo(reply, chatPath(idOf(request)));
    }),
  );

  server.post(
    "/ui/chats/:id/members/:user/remove",
    signedIn(door, async (who, request, reply) => {
      const user = textOf(request.params, "user");
      await api.removeMember(who, idOf(request), user);
      return leadTo(reply, user === who.user.id ? "/dashboard" : chatPath(idOf(request)));
    }),
  );
}

/** The id of a chat or public room, or the name of one, as the API takes them. */
const idOf = (request: FastifyRequest): string => asWritten(textOf(request.params, "id"));

async function render(
  api: PagesApi,
  who: Actor,
  place: Place,
  page: MessagePage | undefined,
  nonce: string,
  refused: RefusedHere | undefined,
): Promise<Page> {
  const { chat } = place;
  const rights = rightsOf(who.user, chat);
  const members = chat === undefined ? [] : await membersOf(api, chat, 0, MEMBERS_BESIDE_MAX);
  const isNewest = page?.newerAfter === undefined;
  return chatPage({ me: who.user, place, rights, page, members, isNewest, nonce, refused });
}

/** `undefined` where the chat is private to its members: an admin sees that it is there, and who is in it. */
async function readPage(api: PagesApi, who: Actor, id: string, cursor: Cursor): Promise<MessagePage | undefined> {
  try {
    return await api.messages(who, id, { ...cursor, limit: MESSAGES_PAGE_MAX });
  } catch (error) {
    if (error instanceof CommandError && error.code === "forbidden") return undefined;
    throw error;
  }
}

/**
 * A browser that fetches a page ahead, in case its user goes there, has shown it to nobody; nor has one in which the web
 * client takes its place.
 */
function isLookedAt({ method, headers }: FastifyRequest): boolean {
  const isAhead = headers["sec-purpose"] !== undefined || headers["purpose"] !== undefined;
  return method === "GET" && !isAhead && readCookie(headers.cookie, CLIENT_COOKIE) === undefined;
}

/** What is shown has been read. The page is worth showing where that can't be kept. */
async function markRead(door: PagesDoor, who: Actor, id: string, page: MessagePage | undefined): Promise<void> {
  const newest = page?.messages[0];
  if (newest === undefined) return;
  try {
    await door.api.markRead(who, id, newest.seq);
  } catch (error) {
    if (!(error instanceof CommandError)) door.failed(error);
  }
}

function makeNonce(chance: Chance): string {
  const bytes = new Uint8Array(NONCE_BYTES);
  chance(bytes);
  return Buffer.from(bytes).toString("base64url");
}

/**
 * The key of a message: a form that is sent twice, by a double click or a reload, makes one message; another text from
 * the same form, after going back, is another message and no misuse of the key.
 */
function keyOf(nonce: string, content: string): string | undefined {
  if (nonce === "") return undefined;
  return createHash("sha256").update(`${nonce}\n${content}`).digest("base64url");
}
