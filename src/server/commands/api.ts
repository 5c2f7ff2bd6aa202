/**
 * Stage 2: what requests ask, as a table of functions, one file for each. Each throws a `CommandError` where it can't be
 * done, and then has changed nothing.
 */
import type { Actor } from "../auth/user.ts";
import type { Ban } from "../directory/directory.ts";
import type { Session } from "../fanout/session.ts";
import type { Uuid } from "../record.ts";
import type { ApiCall } from "../telemetry/counts.ts";
import { publicRoomId } from "../uuid.ts";
import { type BanAsked, ban, listBans, unban } from "./ban.ts";
import { type Chat, type ChatSummary, chatOf, type Message, rosterOf } from "./chat.ts";
import { CommandError } from "./command-error.ts";
import type { CommandContext } from "./context.ts";
import { type CreateChat, type CreatedChat, createChat } from "./create-chat.ts";
import { follow } from "./follow.ts";
import { listChats } from "./list-chats.ts";
import { markRead, type ReadUpTo } from "./mark-read.ts";
import { addMembers, removeMember } from "./members.ts";
import { postMessage } from "./post-message.ts";
import { type MessagePage, type PageAsked, readMessages } from "./read-messages.ts";
import { removeMessage } from "./remove-message.ts";

/** A room that is everybody's. */
export interface PublicRoom {
  readonly id: Uuid;
  readonly name: string;
  readonly description: string;
  /** The seq of its newest record. */
  readonly lastSeq: number;
}

/**
 * What doors ask for their users. `who` is `undefined` for a request that showed nothing of who it is: in open mode it
 * may read any chat and make one, elsewhere it is refused.
 */
export class Api {
  readonly #context: CommandContext;
  #isStopped = false;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  /** Makes a chat, or finds the direct one. */
  createChat(who: Actor | undefined, asked: CreateChat): Promise<CreatedChat> {
    return this.#run("create_chat", async () => createChat(this.#context, this.#orAnybody(who), asked));
  }

  /** A chat that one may see. */
  chat(who: Actor | undefined, id: string): Promise<Chat> {
    return this.#run("get_chat", async () => {
      const room = await this.#context.access.room(this.#orAnybody(who), id, "see");
      if (room.roster === undefined) throw new CommandError("unknown_room", "this is a public room, not a chat");
      return chatOf(rosterOf(room));
    });
  }

  /** One's chats, the one in which something happened last first. */
  chats(who: Actor): Promise<readonly ChatSummary[]> {
    return this.#run("list_chats", () => listChats(this.#context, who));
  }

  /** The public rooms, in the order of the rooms file. */
  rooms(): readonly PublicRoom[] {
    return this.#context.publicRooms.map(({ name, description }) => {
      const id = publicRoomId(name);
      return { id, name, description, lastSeq: this.#context.hub.roomById(id)?.head ?? 0 };
    });
  }

  /** Adds members. */
  addMembers(who: Actor, room: string, users: readonly Uuid[]): Promise<Chat> {
    return this.#run("add_member", () => addMembers(this.#context, who, room, users));
  }

  /** Removes a member, or leaves. */
  removeMember(who: Actor, room: string, user: Uuid): Promise<void> {
    return this.#run("remove_member", () => removeMember(this.#context, who, room, user));
  }

  /** Says something. Resolves once it is durable and has its number. */
  post(who: Actor, room: string, content: string, key: string | undefined): Promise<Message> {
    return this.#run("post_message", () => postMessage(this.#context, who, room, content, key));
  }

  /** A page of what was said. */
  messages(who: Actor | undefined, room: string, page: PageAsked): Promise<MessagePage> {
    return this.#run("read_messages", async () => readMessages(this.#context, this.#orAnybody(who), room, page));
  }

  /** Takes a message's text away. */
  removeMessage(who: Actor, room: string, message: Uuid): Promise<void> {
    return this.#run("remove_message", () => removeMessage(this.#context, who, room, message));
  }

  /** Says how far one has read. */
  markRead(who: Actor, room: string, seq: number): Promise<ReadUpTo> {
    return this.#run("mark_read", () => markRead(this.#context, who, room, seq));
  }

  /** Keeps somebody out of a public room for a time. */
  ban(who: Actor, room: string, asked: BanAsked): Promise<Ban> {
    return this.#run("ban", () => ban(this.#context, who, room, asked));
  }

  /** Lifts a ban. */
  unban(who: Actor, room: string, type: Ban["type"], subject: string): Promise<void> {
    return this.#run("unban", () => unban(this.#context, who, room, type, subject));
  }

  /** The bans of a public room that hold. */
  bans(who: Actor, room: string): Promise<readonly Ban[]> {
    return this.#run("list_bans", () => listBans(this.#context, who, room));
  }

  /** Lets a session follow a room without being present in it. */
  follow(session: Session, room: string, after: number | undefined): Promise<void> {
    return this.#run("follow", () => follow(this.#context, session, room, after));
  }

  /** The names of some users; who has no account stands for nothing. */
  async names(ids: Iterable<Uuid>): Promise<ReadonlyMap<Uuid, string>> {
    const names = new Map<Uuid, string>();
    for (const id of ids) {
      const account = await this.#context.accounts.account(id);
      if (account !== undefined) names.set(id, account.name);
    }
    return names;
  }

  /** Carries out nothing any more: the server is stopping. */
  stop(): void {
    this.#isStopped = true;
  }

  async #run<T>(name: ApiCall, carryOut: () => Promise<T>): Promise<T> {
    if (this.#isStopped) throw new CommandError("going_away", "the server is stopping; come back");
    this.#context.telemetry.requestHandled(name);
    try {
      return await carryOut();
    } catch (error) {
      if (error instanceof CommandError) this.#context.telemetry.requestRefused(name, error.code);
      throw error;
    }
  }

  #orAnybody(who: Actor | undefined): Actor | undefined {
    if (who === undefined && this.#context.authenticator.mode !== "open") {
      throw new CommandError("unauthorized", "sign in first");
    }
    return who;
  }
}
