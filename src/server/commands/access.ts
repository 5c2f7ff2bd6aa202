/**
 * Stage 2: whether somebody may do something in a room (CMD-4), decided when the command runs. What is allowed is said at
 * once. A refusal that rests on what the log says of a chat is only given from a view that has reached the end of the log
 * as it was when it was asked, so that "create here, post there" never fails.
 */
import type { ErrorName } from "../../protocol/error-codes.ts";
import type { Bans } from "../auth/bans.ts";
import { type Action, isAllowed, type Role, TAKE_PART } from "../auth/permissions.ts";
import type { Actor } from "../auth/user.ts";
import type { Hub } from "../fanout/hub.ts";
import type { Room } from "../fanout/room.ts";
import type { Uuid } from "../record.ts";
import { isUuid } from "../uuid.ts";
import { CommandError } from "./command-error.ts";

/** How far this node has heard from the log. */
export interface LogView {
  /** Whether what happens in a room is heard. */
  isLive(room: Uuid): boolean;
  /**
   * Resolves once all that was in the log of a room when it was asked has been heard, or in all of it, and what happens
   * there is heard again where it was not: with `false` where that takes longer than `READ_WITHIN_MS`.
   */
  reachEnd(room: Uuid | undefined): Promise<boolean>;
}

/** Why not. */
export interface Denial {
  readonly code: ErrorName;
  readonly text: string;
}

const UNKNOWN: Denial = { code: "unknown_room", text: "there is no such room" };
const FORBIDDEN: Denial = { code: "forbidden", text: "you may not do that here" };
const DEAF: Denial = { code: "unavailable", text: "this node can't hear the log right now; try again" };

/** Decides. */
export class Access {
  readonly #hub: Hub;
  readonly #bans: Bans;
  readonly #view: LogView;

  constructor(hub: Hub, bans: Bans, view: LogView) {
    this.#hub = hub;
    this.#bans = bans;
    this.#view = view;
  }

  /** The room of a name or an id, as any door may write it. */
  roomOf(text: string): Room | undefined {
    return this.#hub.roomByName(text) ?? this.#hub.roomById(text);
  }

  /** What somebody is in a room. */
  rolesIn(actor: Actor, room: Room): readonly Role[] {
    const { user } = actor;
    if (room.roster === undefined && this.#bans.find(actor, room.id) !== undefined) return ["banned"];
    if (user.isGuest) return ["guest"];
    const roles: Role[] = user.isAdmin ? ["admin"] : [];
    if (room.roster?.owner === user.id) roles.push("owner");
    else roles.push(room.roster?.members.has(user.id) === true ? "member" : "outsider");
    return roles;
  }

  /**
   * Why somebody may not do something in a room, by what is known now; `undefined` where they may. Without an actor it is
   * a request in open mode that did not say who it is, and may look at everything.
   */
  denial(actor: Actor | undefined, room: Room | undefined, action: Action): Denial | undefined {
    if (room === undefined) return UNKNOWN;
    if (!this.#view.isLive(room.id)) return DEAF;
    if (actor === undefined) return action === "see" || action === "read" ? undefined : UNKNOWN;
    // The way of most messages: everybody takes part in a public room that nobody is banned from.
    if (room.roster === undefined && TAKE_PART.includes(action) && !this.#bans.isAny(room.id)) return undefined;
    const roles = this.rolesIn(actor, room);
    const kind = room.roster === undefined ? "public" : "chat";
    const isDirect = room.roster?.isDirect === true;
    if (isAllowed(kind, isDirect, roles, action)) return undefined;
    if (roles.includes("banned")) {
      const until = this.#bans.find(actor, room.id)?.until ?? 0;
      return { code: "banned", text: `you may not be in this room until ${new Date(until).toISOString()}` };
    }
    return isAllowed(kind, isDirect, roles, "see") ? FORBIDDEN : UNKNOWN;
  }

  /**
   * Whether a denial may change when the end of the log is reached: it rests on who is in a chat, or on a log that was not
   * heard of lately, as in the first moment of a node that stood still.
   */
  isDoubtful(text: string, room: Room | undefined, { code }: Denial): boolean {
    if (code === "unavailable") return true;
    if (code === "banned") return false;
    return room === undefined ? isUuid(text) : room.roster !== undefined;
  }

  /**
   * Waits until the end of the log as it is now has been heard of the room that `text` names. Throws `unavailable` where
   * that takes too long.
   */
  async settle(text: string): Promise<void> {
    const room = this.roomOf(text)?.id ?? (isUuid(text) ? text : undefined);
    if (!(await this.#view.reachEnd(room))) throw new CommandError(DEAF.code, DEAF.text);
  }

  /** The room in which somebody may do something. Throws where they may not. */
  async room(actor: Actor | undefined, text: string, action: Action): Promise<Room> {
    let room = this.roomOf(text);
    let denial = this.denial(actor, room, action);
    if (denial !== undefined && this.isDoubtful(text, room, denial)) {
      await this.settle(text);
      room = this.roomOf(text);
      denial = this.denial(actor, room, action);
    }
    if (denial !== undefined || room === undefined)
      throw new CommandError((denial ?? UNKNOWN).code, (denial ?? UNKNOWN).text);
    return room;
  }
}
