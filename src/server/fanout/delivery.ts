/**
 * Stage 4 → 5: what becomes of a batch that the tail projected: rooms for new chats, then everybody who follows, then what
 * rests on it: read markers and memberships. The order matters: a room is there before its first event, and whoever is
 * removed has heard of it before they are sent away.
 */
import type { ReadMarkers } from "../commands/read-markers.ts";
import type { Roster } from "../projector/roster.ts";
import type { ProjectedBatch } from "../projector/tail.ts";
import type { Hub } from "./hub.ts";
import type { Memberships } from "./memberships.ts";
import type { RecentEvents } from "./recent-events.ts";
import { Room } from "./room.ts";

/** Delivers batches. */
export class Delivery {
  readonly #hub: Hub;
  readonly #recent: RecentEvents;
  readonly #markers: ReadMarkers;
  readonly #memberships: Memberships;

  constructor(options: { hub: Hub; recent: RecentEvents; markers: ReadMarkers; memberships: Memberships }) {
    this.#hub = options.hub;
    this.#recent = options.recent;
    this.#markers = options.markers;
    this.#memberships = options.memberships;
  }

  /** A room for a chat, where it has none yet. */
  openChat(roster: Roster): void {
    if (this.#hub.roomById(roster.id) !== undefined) return;
    this.#hub.addRoom(new Room(roster.id, roster.id, roster, this.#recent.room()));
  }

  /** Tells a batch to everybody whom it concerns. */
  deliver(batch: ProjectedBatch): void {
    this.#open(batch);
    this.#hub.deliver(batch);
    this.#markers.delivered(batch);
    this.#memberships.delivered(batch);
  }

  /** The same for a batch that the store has already, at the start, when nobody is here yet. */
  passOver(batch: ProjectedBatch): void {
    this.#open(batch);
    this.#hub.passOver(batch);
    this.#markers.delivered(batch);
  }

  #open({ changes }: ProjectedBatch): void {
    for (const change of changes) if (change.type === "created") this.openChat(change.roster);
  }
}
