/**
 * Stage 5: who is present by the sessions of one node, with what another node needs to know whether it has the same: the
 * number of the last change, and a hash of all. Pure.
 */
import { murmur2 } from "../partition.ts";
import type { Uuid } from "../record.ts";
import type { PresenceMark, PresentSignal } from "../signals/signals.ts";

/** The people of one node. */
export class PresenceBook {
  readonly #rooms = new Map<Uuid, Map<Uuid, string>>();
  /** Each is the exclusive or of all entries' hashes, so that neither order nor history enters. */
  #low = 0;
  #high = 0;
  #size = 0;
  /** The number of the last change. */
  number = 0;

  /** How many there are, each counted in each of their rooms. */
  get size(): number {
    return this.#size;
  }

  /** How far it has come. */
  get mark(): PresenceMark {
    return { number: this.number, hash: `${this.#size}/${this.#low >>> 0}/${this.#high >>> 0}` };
  }

  /** Somebody is in a room from now on; `false` where they were already. */
  add(room: Uuid, user: Uuid, name: string): boolean {
    const people = this.#rooms.get(room) ?? new Map<Uuid, string>();
    if (people.has(user)) return false;
    this.#rooms.set(room, people.set(user, name));
    this.#changed(room, user, 1);
    return true;
  }

  /** Somebody is in a room no longer: their name, `undefined` where they were not. */
  remove(room: Uuid, user: Uuid): string | undefined {
    const people = this.#rooms.get(room);
    const name = people?.get(user);
    if (people === undefined || name === undefined) return undefined;
    people.delete(user);
    if (people.size === 0) this.#rooms.delete(room);
    this.#changed(room, user, -1);
    return name;
  }

  /** Who is in a room: user and name. */
  in(room: Uuid): Iterable<readonly [Uuid, string]> {
    return this.#rooms.get(room) ?? [];
  }

  /** Everybody, by room, in the order of coming. */
  *all(): Generator<PresentSignal> {
    for (const [room, people] of this.#rooms) for (const [user, name] of people) yield [room, user, name];
  }

  #changed(room: Uuid, user: Uuid, by: 1 | -1): void {
    this.#low ^= murmur2(`${room}${user}`);
    this.#high ^= murmur2(`${user}${room}`);
    this.#size += by;
  }
}
