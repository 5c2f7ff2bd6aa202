/**
 * Stage 5: who is present. Counted per user, not per session: the union of what each living node says of its own
 * sessions, so that one who is here by two nodes is here once. Only `join_room` makes one present.
 */
import { presenceCount, roomParticipation, typing, userJoinedRoom } from "../../protocol/events.ts";
import type { Clock } from "../clock.ts";
import type { Nodes } from "../cluster/nodes.ts";
import type { Uuid } from "../record.ts";
import type { Signal, Signals } from "../signals/signals.ts";
import type { Following } from "./following.ts";
import type { Hub } from "./hub.ts";
import { NoticeTeller } from "./notice-teller.ts";
import { type PresenceHearer, PresenceSharing } from "./presence-sharing.ts";
import type { Room } from "./room.ts";
import type { Session } from "./session.ts";

/** The presence of a node's sessions, and what it hears of others'. */
export class Presence implements PresenceHearer {
  readonly #node: string;
  readonly #hub: Hub;
  readonly #signals: Signals;
  readonly #tellMax: number;
  /** How many sessions of a user of this node are in a room: user → count. */
  readonly #here = new Map<Room, Map<Uuid, number>>();
  readonly #unsubscribe: () => void;
  readonly #teller: NoticeTeller;
  readonly #sharing: PresenceSharing;
  /** Rooms that people of other nodes are in and that this node does not have yet: the news of them is on its way. */
  readonly #unknownRooms = new Set<Uuid>();

  constructor(options: { node: string; hub: Hub; nodes: Nodes; signals: Signals; clock: Clock; tellMax: number }) {
    this.#node = options.node;
    this.#hub = options.hub;
    this.#signals = options.signals;
    this.#teller = new NoticeTeller(options.clock);
    this.#tellMax = options.tellMax;
    this.#sharing = new PresenceSharing({ ...options, hearer: this });
    this.#unsubscribe = options.signals.subscribe((signal) => this.#heard(signal));
  }

  /** A session joined a room: it is told who is there and that it came; then the others hear it. */
  join(following: Following): void {
    const { session, room } = following;
    this.#enterUnknown(room);
    session.answer(userJoinedRoom(room.json, room.namesJson(session.user, this.#tellMax)));
    session.answer(roomParticipation(room.json, session.user.name, "joined"));
    const { id, name } = session.user;
    const here = this.#here.get(room) ?? new Map<Uuid, number>();
    this.#here.set(room, here);
    const sessions = (here.get(id) ?? 0) + 1;
    here.set(id, sessions);
    if (sessions === 1) {
      this.came(room.id, id, name, this.#node);
      this.#sharing.came(room.id, id, name);
    }
    // Its own coming it was told by its answers.
    following.notice = room.notices.end;
  }

  /** A session left a room, `asked` to: then it hears its own `left` as the last of it. Either way the others hear it. */
  leave({ session, room }: Following, asked: boolean): void {
    if (asked) session.answer(roomParticipation(room.json, session.user.name, "left"));
    const { id, name } = session.user;
    const here = this.#here.get(room);
    const sessions = (here?.get(id) ?? 0) - 1;
    if (sessions > 0) {
      here?.set(id, sessions);
      return;
    }
    here?.delete(id);
    this.left(room.id, id, name, this.#node);
    this.#sharing.left(room.id, id);
  }

  /** Tells a session that was behind who is in a room now; `false` where it has to take something else before. */
  refresh(following: Following): boolean {
    const { session, room } = following;
    if (following.isPresent) {
      const event = userJoinedRoom(room.json, room.namesJson(session.user, this.#tellMax));
      if (!session.tellIfRoom(following, event)) return false;
    }
    following.notice = room.notices.end;
    following.missedPresence = false;
    return true;
  }

  /** Tells the others in a room that somebody is typing. */
  typing(session: Session, room: Room): void {
    const { user } = session;
    this.#signals.publish({ type: "typing", node: this.#node, room: room.id, user: user.id, userName: user.name });
  }

  /** Once a second: how many are in the rooms that are too crowded to tell each name. */
  tellCounts(): void {
    for (const room of this.#hub.rooms()) {
      if (!room.countChanged) continue;
      room.countChanged = false;
      if (room.presentCount < this.#tellMax) continue;
      const event = presenceCount(room.json, room.presentCount);
      for (const following of room.followers) {
        if (following.isPresent && following.session.extended) following.session.tell(following, event);
      }
    }
  }

  /** Whether somebody of a name is present by another node. */
  isNameElsewhere(name: string): boolean {
    return this.#sharing.isNameElsewhere(name);
  }

  /** Somebody's first session on a node is in a room. */
  came(id: Uuid, user: Uuid, name: string, node: string): void {
    const room = this.#hub.roomById(id);
    if (room === undefined) this.#unknownRooms.add(id);
    else if (room.entered(user, name, node)) this.#tell(room, name, "joined");
  }

  /** Somebody's last session on a node is not in a room any more. */
  left(id: Uuid, user: Uuid, name: string, node: string): void {
    const room = this.#hub.roomById(id);
    if (room?.left(user, node)) this.#tell(room, name, "left");
  }

  /** Tells and hears no more; by this node nobody is present from now on. */
  close(): void {
    this.#unsubscribe();
    this.#sharing.close();
    this.#teller.close();
  }

  #tell(room: Room, userName: string, status: "joined" | "left"): void {
    if (room.presentCount < this.#tellMax) this.#teller.add(room, roomParticipation(room.json, userName, status));
  }

  /** A room is joined that people of other nodes were in before this node had it: they were there before. */
  #enterUnknown(room: Room): void {
    if (!this.#unknownRooms.delete(room.id)) return;
    for (const [node, user, name] of this.#sharing.elsewhere(room.id)) room.entered(user, name, node);
  }

  #heard(signal: Signal): void {
    if (signal.type !== "typing") return;
    const room = this.#hub.roomById(signal.room);
    if (room === undefined) return;
    const event = typing(room.json, signal.userName);
    for (const following of room.followers) {
      const { session, isPresent } = following;
      if (isPresent && session.extended && session.user.id !== signal.user) session.tell(following, event);
    }
  }
}
