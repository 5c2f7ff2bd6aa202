/**
 * Stage 5: who is present. Counted per user, not per session, and told by signals, so that the nodes of a cluster hear
 * of each other's people. Only `join_room` makes one present.
 */
import { presenceCount, roomParticipation, typing, userJoinedRoom } from "../../protocol/events.ts";
import type { User } from "../auth/user.ts";
import type { Clock } from "../clock.ts";
import type { Signal, Signals } from "../signals/signals.ts";
import type { Following } from "./following.ts";
import type { Hub } from "./hub.ts";
import { NoticeTeller } from "./notice-teller.ts";
import type { Room } from "./room.ts";
import type { Session } from "./session.ts";

/** The presence of a node's sessions, and what it hears of others'. */
export class Presence {
  readonly #node: string;
  readonly #hub: Hub;
  readonly #signals: Signals;
  readonly #tellMax: number;
  /** How many sessions of a user of this node are in a room: user → count. */
  readonly #here = new Map<Room, Map<string, number>>();
  readonly #unsubscribe: () => void;
  readonly #teller: NoticeTeller;

  constructor(options: { node: string; hub: Hub; signals: Signals; clock: Clock; tellMax: number }) {
    this.#node = options.node;
    this.#hub = options.hub;
    this.#signals = options.signals;
    this.#teller = new NoticeTeller(options.clock);
    this.#tellMax = options.tellMax;
    this.#unsubscribe = options.signals.subscribe((signal) => this.#heard(signal));
  }

  /** A session joined a room: it is told who is there and that it came; then the others hear it. */
  join(following: Following): void {
    const { session, room } = following;
    session.answer(userJoinedRoom(room.json, room.namesJson(session.user, this.#tellMax)));
    session.answer(roomParticipation(room.json, session.user.name, "joined"));
    const here = this.#here.get(room) ?? new Map<string, number>();
    this.#here.set(room, here);
    const sessions = (here.get(session.user.id) ?? 0) + 1;
    here.set(session.user.id, sessions);
    if (sessions === 1) this.#publish(room, session.user, "joined");
    // Its own coming it was told by its answers.
    following.notice = room.notices.end;
  }

  /** A session left a room, `asked` to: then it hears its own `left` as the last of it. Either way the others hear it. */
  leave({ session, room }: Following, asked: boolean): void {
    if (asked) session.answer(roomParticipation(room.json, session.user.name, "left"));
    const here = this.#here.get(room);
    const sessions = (here?.get(session.user.id) ?? 0) - 1;
    if (sessions > 0) {
      here?.set(session.user.id, sessions);
      return;
    }
    here?.delete(session.user.id);
    this.#publish(room, session.user, "left");
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

  /** Hears no more signals. */
  close(): void {
    this.#unsubscribe();
    this.#teller.close();
  }

  #publish(room: Room, user: User, status: "joined" | "left"): void {
    const { id, name } = user;
    this.#signals.publish({ type: "presence", node: this.#node, room: room.id, user: id, userName: name, status });
  }

  #heard(signal: Signal): void {
    if (!("room" in signal) || signal.type === "bans") return;
    const room = this.#hub.roomById(signal.room);
    if (room === undefined) return;
    if (signal.type === "typing") {
      const event = typing(room.json, signal.userName);
      for (const following of room.followers) {
        const { session, isPresent } = following;
        if (isPresent && session.extended && session.user.id !== signal.user) session.tell(following, event);
      }
      return;
    }
    const { user, userName, node, status } = signal;
    const changed = status === "joined" ? room.entered(user, userName, node) : room.left(user, node);
    if (changed && room.presentCount < this.#tellMax)
      this.#teller.add(room, roomParticipation(room.json, userName, status));
  }
}
