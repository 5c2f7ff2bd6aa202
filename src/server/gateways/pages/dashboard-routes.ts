/**
 * Stage 1, the pages: `/dashboard` and the forms on it. Touches the API and the accounts, nothing else.
 */
import type { FastifyInstance, FastifyReply } from "fastify";
import type { Actor } from "../../auth/user.ts";
import { type DashboardView, dashboardPage, otherIn, type RefusedStart } from "./dashboard-page.ts";
import type { PagesDoor } from "./door.ts";
import type { Page } from "./layout.ts";
import { writePath } from "./paths.ts";
import { NobodyNamed, peopleNamed, personNamed } from "./people.ts";
import { plainError } from "./plain-errors.ts";
import { leadTo, sendPage, signedIn, textOf, typedText } from "./requests.ts";

/** Adds the routes. */
export function addDashboardRoutes(server: FastifyInstance, door: PagesDoor): void {
  const { api, accounts } = door;

  const show = async (who: Actor, rest: Pick<DashboardView, "showsAll" | "found" | "refused">): Promise<Page> => {
    const chats = await api.chats(who);
    const names = await api.names(chats.map((chat) => otherIn(chat, who.user)).filter((id) => id !== undefined));
    return dashboardPage({ me: who.user, chats, names, rooms: api.rooms(), ...rest });
  };

  /** The page again, with the error beside its form. */
  const refuse = async (
    reply: FastifyReply,
    who: Actor,
    status: number,
    refused: RefusedStart,
  ): Promise<FastifyReply> =>
    sendPage(reply, door, status, await show(who, { showsAll: false, found: undefined, refused }));

  server.get(
    "/dashboard",
    signedIn(door, async (who, request, reply) => {
      const prefix = textOf(request.query, "find").trim();
      const found = prefix === "" ? undefined : { prefix, people: await accounts.search(prefix) };
      const showsAll = textOf(request.query, "all") === "1";
      return sendPage(reply, door, 200, await show(who, { showsAll, found, refused: undefined }));
    }),
  );

  server.post(
    "/ui/chats",
    signedIn(door, async (who, request, reply) => {
      const name = textOf(request.body, "name").trim();
      const members = typedText(request.body, "members");
      try {
        const people = await peopleNamed(accounts, members);
        const { chat } = await api.createChat(who, { name, members: people.map(({ id }) => id), direct: false });
        return leadTo(reply, writePath(chat.id));
      } catch (error) {
        const { status, text } = plainError(error);
        const blamed = error instanceof NobodyNamed ? "members" : "name";
        return refuse(reply, who, status, { form: "chat", name, members, blamed, text });
      }
    }),
  );

  server.post(
    "/ui/direct",
    signedIn(door, async (who, request, reply) => {
      const name = textOf(request.body, "user");
      const id = textOf(request.body, "user_id");
      try {
        const other = id === "" ? (await personNamed(accounts, name)).id : id;
        const { chat } = await api.createChat(who, { name: undefined, members: [other], direct: true });
        return leadTo(reply, writePath(chat.id));
      } catch (error) {
        const { status, text } = plainError(error);
        return refuse(reply, who, status, { form: "direct", name, text });
      }
    }),
  );
}
