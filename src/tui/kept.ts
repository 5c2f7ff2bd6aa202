/**
 * The terminal client: what outlives a connection that the server has ended for good, for whoever connects again: who
 * one is as a guest, what is unsent, and how far one had read in which rooms. In memory alone.
 */
import type { ChatClient, KeptOutgoing, OutgoingKeeper, RoomListing } from "../sdk/index.ts";

/** Who was connected to what, and the rooms they had open: room → seq of the last record that was told. */
interface Place {
  readonly server: string;
  readonly user: string | undefined;
  readonly rooms: ReadonlyMap<string, number>;
}

/** What is kept. */
export class Kept {
  /** By server. */
  readonly #sessions = new Map<string, string>();
  /** By server. */
  readonly #unsent = new Map<string, readonly KeptOutgoing[]>();
  #place: Place | undefined;

  /** Messages that have not been sent, to any server. */
  get unsent(): readonly KeptOutgoing[] {
    return [...this.#unsent.values()].flat();
  }

  /** The session of a guest of a server. */
  sessionOf(server: string): string | undefined {
    return this.#sessions.get(server);
  }

  keepSession(server: string, session: string): void {
    this.#sessions.set(server, session);
  }

  /** Where a client of a server writes down what is unsent. */
  outgoing(server: string): OutgoingKeeper {
    return {
      load: () => this.#unsent.get(server) ?? [],
      save: (waiting) => void this.#unsent.set(server, waiting),
    };
  }

  /** The server has ended it for good. */
  keepPlace(server: string, { user, openRooms }: ChatClient): void {
    this.#place = { server, user, rooms: new Map(openRooms.map(({ name, cursor }) => [name, cursor])) };
  }

  /**
   * Which rooms whoever is signed in now had open, and up to which seq. Somebody else goes on in those rooms that they
   * may see too, from anew: seq 0.
   */
  takePlace(server: string, user: string, listed: readonly RoomListing[]): Pick<Place, "rooms"> & { isSame: boolean } {
    const place = this.#place;
    this.#place = undefined;
    if (place?.server !== server) return { rooms: new Map(), isSame: false };
    if (place.user === user) return { rooms: place.rooms, isSame: true };
    const theirs = listed.flatMap(({ room }) => (place.rooms.has(room) ? [[room, 0] as const] : []));
    return { rooms: new Map(theirs), isSame: false };
  }
}
