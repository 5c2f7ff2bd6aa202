/**
 * Stage 5: what changes of membership mean to those who are here: a new chat gets a room, its members' sessions hear of
 * it, and whoever is removed hears nothing that comes after. Touches rooms and sessions; it is told by the tail, before
 * and after the batch that brought the change is delivered.
 */
import { roomAdded, roomRemoved } from "../../protocol/events.ts";
import type { Roster, RosterChange } from "../projector/roster.ts";
import type { ProjectedBatch } from "../projector/tail.ts";
import type { Uuid } from "../record.ts";
import type { CatchUp } from "./catch-up.ts";
import { removedEvent } from "./event-encoder.ts";
import { Following } from "./following.ts";
import type { Hub } from "./hub.ts";
import type { Presence } from "./presence.ts";
import type { Room } from "./room.ts";
import type { Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";

/** The sessions whose user gains or loses a chat. */
export class Memberships {
  readonly #hub: Hub;
  readonly #sessions: Sessions;
  readonly #presence: Presence;
  readonly #catchUp: CatchUp;

  constructor(options: { hub: Hub; sessions: Sessions; presence: Presence; catchUp: CatchUp }) {
    this.#hub = options.hub;
    this.#sessions = options.sessions;
    this.#presence = options.presence;
    this.#catchUp = options.catchUp;
  }

  /** After a batch: tells those whom its changes concern, and takes away the text of messages that were removed. */
  delivered({ changes, removals }: ProjectedBatch): void {
    for (const change of changes) this.#tell(change);
    for (const { room, seq } of removals) this.#hub.roomById(room)?.recent.replace(seq, removedEvent);
  }

  /** A session that hears every chat of its user, as it happens, without being present anywhere. */
  openFeed(session: Session, chats: Iterable<Roster>): void {
    session.isFeed = true;
    for (const { id } of chats) {
      const room = this.#hub.roomById(id);
      if (room !== undefined) this.#feed(session, room, room.head);
    }
  }

  /** The client of a feed has spoken: from now on it hears what it asks for. */
  closeFeed(session: Session): void {
    session.isFeed = false;
    for (const [room, following] of session.followings) room.followers.delete(following);
    session.followings.clear();
  }

  /** A session has been told all that it may be of a room: it follows it no longer. */
  readonly ended = (following: Following): void => {
    const { session, room } = following;
    session.followings.delete(room);
    room.followers.delete(following);
    if (following.isPresent) this.#presence.leave(following, false);
    if (session.extended) session.answer(roomRemoved(room.json));
  };

  #tell(change: RosterChange): void {
    const { roster, seq } = change;
    const room = this.#hub.roomById(roster.id);
    if (room === undefined) return;
    if (change.type === "created") for (const id of roster.members.keys()) this.#added(room, id, seq);
    else if (change.type === "added") this.#added(room, change.member.id, seq);
    else this.#removed(room, change.member.id, seq);
  }

  #added(room: Room, user: Uuid, seq: number): void {
    for (const session of this.#sessions.ofUser(user)) {
      if (session.isFeed) this.#feed(session, room, seq);
      else if (session.extended) session.answer(roomAdded(room.json, room.roster?.name ?? room.name));
    }
  }

  #removed(room: Room, user: Uuid, seq: number): void {
    for (const session of this.#sessions.ofUser(user)) {
      const following = session.followings.get(room);
      if (following === undefined) {
        if (session.extended) session.answer(roomRemoved(room.json));
      } else {
        following.endAfter(seq);
        // One that catches up is ended by that, once it has come so far.
        if (following.isOver) this.ended(following);
        else this.#catchUp.start(session);
      }
    }
  }

  #feed(session: Session, room: Room, seq: number): void {
    if (session.followings.has(room)) return;
    const following = new Following(session, room, seq, seq === room.head ? "live" : "after", false);
    session.followings.set(room, following);
    room.followers.add(following);
    if (!following.live) this.#catchUp.start(session);
  }
}
