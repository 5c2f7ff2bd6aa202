/**
 * Stage 1, the HTTP door: what the pages are handed of it: the same API and the same ways to know somebody; where the API
 * says ids, the pages want names.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Chat } from "../../commands/chat.ts";
import type { PagesApi, PagesDoor, Person, ShownChat } from "../pages/door.ts";
import { signInCookie } from "./cookies.ts";
import type { HttpApi, HttpDoor } from "./door.ts";
import type { Visitors } from "./visitors.ts";

/** Makes it. */
export function pagesDoor(door: HttpDoor, visitors: Visitors): PagesDoor {
  const { accounts, chance, auth, telemetry } = door;
  return {
    ...{ mode: auth.mode, signUp: auth.signUp, accounts, chance, api: pagesApi(door.api) },
    identify: async ({ raw }: FastifyRequest) => {
      const address = visitors.address(raw);
      const signedIn = await visitors.identify(raw, address, undefined);
      return signedIn === undefined ? undefined : { user: signedIn.user, address };
    },
    address: ({ raw }) => visitors.address(raw),
    setCookie: (reply: FastifyReply, signIn) => {
      reply.header("set-cookie", signInCookie(signIn, visitors.isSecure(reply.request.raw)));
    },
    failed: (error) => telemetry.internalError("pages", error),
  };
}

function pagesApi(api: HttpApi): PagesApi {
  const named = async <C extends Chat>(chats: readonly C[]): Promise<(C & ShownChat)[]> => {
    const names = await api.names(new Set(chats.flatMap(({ members }) => members)));
    const person = (id: string): Person => ({ id, name: names.get(id) ?? "somebody who left" });
    // Nobody owns a chat that everybody left, and so nobody sees it either.
    return chats.map((chat) => ({ ...chat, owner: chat.owner ?? "", members: chat.members.map(person) }));
  };
  const one = async (chat: Chat): Promise<ShownChat> => {
    const [shown] = await named([chat]);
    if (shown === undefined) throw new Error("one chat gives one");
    return shown;
  };
  return {
    createChat: async (who, ask) => ({ chat: await one((await api.createChat(who, ask)).chat) }),
    chat: async (who, id) => one(await api.chat(who, id)),
    chats: async (who) => named(await api.chats(who)),
    addMembers: async (who, room, users) => one(await api.addMembers(who, room, users)),
    rooms: () => api.rooms(),
    removeMember: (...ask) => api.removeMember(...ask),
    post: (...ask) => api.post(...ask),
    messages: (...ask) => api.messages(...ask),
    removeMessage: (...ask) => api.removeMessage(...ask),
    markRead: (...ask) => api.markRead(...ask),
  };
}
