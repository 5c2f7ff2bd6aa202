/**
 * Who may not be in which public room for a time. All bans are kept in memory, for every command asks; the directory has
 * them durably, and a signal tells every node that they changed.
 */
import type { Clock } from "../clock.ts";
import type { Ban, Directory } from "../directory/directory.ts";
import type { Uuid } from "../record.ts";
import type { Signals } from "../signals/signals.ts";
import type { Actor } from "./user.ts";

/** The bans that hold. */
export class Bans {
  readonly #node: string;
  readonly #directory: Directory;
  readonly #signals: Signals;
  readonly #clock: Clock;
  #byRoom = new Map<Uuid, Map<string, Ban>>();
  /** How often they were asked for, and which time it was that is held. */
  #asked = 0;
  #held = 0;

  constructor(options: { node: string; directory: Directory; signals: Signals; clock: Clock }) {
    this.#node = options.node;
    this.#directory = options.directory;
    this.#signals = options.signals;
    this.#clock = options.clock;
  }

  /** Reads all of them: at the start, when a signal says that they changed, and now and then, for signals get lost. */
  async load(): Promise<void> {
    this.#asked += 1;
    const time = this.#asked;
    const all = await this.#directory.bans(this.#clock.now());
    // Who asked later may have been answered before, with a ban that was not there yet when this was asked.
    if (time < this.#held) return;
    this.#held = time;
    const byRoom = new Map<Uuid, Map<string, Ban>>();
    for (const ban of all) {
      const bans = byRoom.get(ban.room) ?? new Map<string, Ban>();
      byRoom.set(ban.room, bans.set(keyOf(ban.type, ban.subject), ban));
    }
    this.#byRoom = byRoom;
  }

  /** Whether anybody is banned from a room, or was until a moment ago. */
  isAny(room: Uuid): boolean {
    return this.#byRoom.has(room);
  }

  /** The ban that keeps somebody out of a room; `undefined` where none does. Admins none: they lift them. */
  find({ user, address }: Actor, room: Uuid): Ban | undefined {
    const bans = this.#byRoom.get(room);
    if (bans === undefined || user.isAdmin) return undefined;
    const now = this.#clock.now();
    const found = [bans.get(keyOf("user", user.id)), bans.get(keyOf("address", address))];
    return found.find((ban) => ban !== undefined && ban.until > now);
  }

  /** The bans of a room that hold now. */
  of(room: Uuid): readonly Ban[] {
    const now = this.#clock.now();
    return [...(this.#byRoom.get(room)?.values() ?? [])].filter(({ until }) => until > now);
  }

  /** Bans somebody. */
  async add(ban: Ban): Promise<void> {
    await this.#directory.saveBan(ban);
    await this.#changed(ban.room);
  }

  /** Lifts a ban: `false` where there was none. */
  async lift(room: Uuid, type: Ban["type"], subject: string): Promise<boolean> {
    const lifted = await this.#directory.removeBan(room, type, subject);
    await this.#changed(room);
    return lifted;
  }

  async #changed(room: Uuid): Promise<void> {
    await this.load();
    this.#signals.publish({ type: "bans", node: this.#node, room });
  }
}

const keyOf = (type: Ban["type"], subject: string): string => `${type} ${subject}`;
