/**
 * Stage 5: a room as fan-out sees it: how far it has come, who follows it, who is present.
 */
import type { Roster } from "../projector/roster.ts";
import type { Uuid } from "../record.ts";
import type { Following } from "./following.ts";
import { Notices } from "./notices.ts";
import type { RoomEvents } from "./recent-events.ts";

interface Present {
  readonly name: string;
  /** The nodes that have a session of theirs in the room. */
  readonly nodes: Set<string>;
}

/** One room of this node. */
export class Room {
  readonly id: Uuid;
  /** What it is called on the wire: a public room's name, a chat's id. */
  readonly name: string;
  /** Who is in it, for a chat; `undefined` for a public room, which is everybody's. */
  readonly roster: Roster | undefined;
  /** The JSON text of `name`. */
  readonly json: string;
  readonly recent: RoomEvents;
  /** The sessions of this node that follow it. */
  readonly followers = new Set<Following>();
  /** Who came and went, as far as not everybody has been told. */
  readonly notices = new Notices();
  /** The seq of the newest record that was told. */
  head = 0;
  /** How many messages there have been up to there. */
  n = 0;
  /** The position after that record. */
  end = 0;
  readonly #present = new Map<Uuid, Present>();
  #namesJson: string | undefined;
  /** Whether the number of people changed since it was last told to a crowded room. */
  countChanged = false;

  constructor(id: Uuid, name: string, roster: Roster | undefined, recent: RoomEvents) {
    this.id = id;
    this.name = name;
    this.roster = roster;
    this.json = JSON.stringify(name);
    this.recent = recent;
  }

  /** How many people are present. */
  get presentCount(): number {
    return this.#present.size;
  }

  /**
   * JSON text of the names of who is present, in the order of joining, `countMax` at the most; `joiner` stands last,
   * whether they are present already or not.
   */
  namesJson(joiner: { id: Uuid; name: string }, countMax: number): string {
    if (!this.#present.has(joiner.id)) {
      const names = this.#names(countMax - 1);
      return `${names}${names === "[" ? "" : ","}${JSON.stringify(joiner.name)}]`;
    }
    const names: string[] = [];
    for (const [id, { name }] of this.#present) {
      if (names.length >= countMax - 1) break;
      if (id !== joiner.id) names.push(name);
    }
    names.push(joiner.name);
    return JSON.stringify(names);
  }

  /** Somebody has a first session in the room on a node. `true` where they were on no node before. */
  entered(user: Uuid, name: string, node: string): boolean {
    const present = this.#present.get(user);
    if (present !== undefined) {
      present.nodes.add(node);
      return false;
    }
    this.#present.set(user, { name, nodes: new Set([node]) });
    this.#changed();
    return true;
  }

  /** Somebody's last session on a node left. `true` where they are on no node any more. */
  left(user: Uuid, node: string): boolean {
    const present = this.#present.get(user);
    if (present === undefined) return false;
    present.nodes.delete(node);
    if (present.nodes.size > 0) return false;
    this.#present.delete(user);
    this.#changed();
    return true;
  }

  /** Tells all who follow it the notices that wait. How many sessions there were to tell. */
  tellNotices(): number {
    let told = 0;
    for (const following of this.followers) {
      if (following.notice !== this.notices.end && following.isPresent) told += 1;
      following.session.takeNotices(following);
    }
    this.notices.clear();
    return told;
  }

  #changed(): void {
    this.#namesJson = undefined;
    this.countChanged = true;
  }

  /** `[` and the names; kept while nobody comes or goes, for in a storm of joins each joiner is told all of them. */
  #names(countMax: number): string {
    if (this.#present.size > countMax) {
      const some = [...this.#present.values()].slice(0, countMax).map(({ name }) => name);
      return JSON.stringify(some).slice(0, -1);
    }
    this.#namesJson ??= JSON.stringify([...this.#present.values()].map(({ name }) => name)).slice(0, -1);
    return this.#namesJson;
  }
}
