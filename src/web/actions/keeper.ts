/**
 * The web client's actions: where messages that are not sent yet are written down, so that a reload or a crash of the
 * browser loses none. Each tab has a place of its own; what a tab left that is gone is taken over by the next that opens.
 * Sent twice a message is one, by its key, so nothing worse than a needless sending can come of a mistake here.
 */
import type { KeptOutgoing, OutgoingKeeper } from "../../sdk/types.ts";

const PREFIX = "verbatim.outgoing.";

/** As much of `localStorage` as is used. */
export interface Shelf {
  readonly length: number;
  key(index: number): string | null;
  getItem(place: string): string | null;
  setItem(place: string, text: string): void;
  removeItem(place: string): void;
}

/** Tells whether a tab is alive: takes its name where nobody has it, and holds it as long as this tab lives. */
export type TakeName = (name: string) => Promise<boolean>;

/** Keeps in `localStorage`, under the user's and the tab's name. Storage that is full or forbidden keeps nothing. */
export class TabKeeper implements OutgoingKeeper {
  readonly #shelf: Shelf;
  readonly #place: string;
  readonly #found: readonly KeptOutgoing[];

  private constructor(shelf: Shelf, place: string, found: readonly KeptOutgoing[]) {
    this.#shelf = shelf;
    this.#place = place;
    this.#found = found;
  }

  /** Opens it: takes over what tabs of the same user have left that are gone. `tab` = a name for this tab. */
  static async open(shelf: Shelf, user: string, tab: string, takeName: TakeName): Promise<TabKeeper> {
    const place = `${PREFIX}${user}.${tab}`;
    const found: KeptOutgoing[] = [...read(shelf, place)];
    await takeName(place);
    for (const other of placesOf(shelf, user)) {
      if (other === place || !(await takeName(other))) continue;
      found.push(...read(shelf, other));
      attempt(() => shelf.removeItem(other));
    }
    const keeper = new TabKeeper(shelf, place, found);
    keeper.save(found);
    return keeper;
  }

  load(): readonly KeptOutgoing[] {
    return this.#found;
  }

  save(waiting: readonly KeptOutgoing[]): void {
    attempt(() => {
      if (waiting.length === 0) this.#shelf.removeItem(this.#place);
      else this.#shelf.setItem(this.#place, JSON.stringify(waiting));
    });
  }
}

function placesOf(shelf: Shelf, user: string): readonly string[] {
  const places: string[] = [];
  attempt(() => {
    for (let at = 0; at < shelf.length; at += 1) {
      const place = shelf.key(at);
      if (place?.startsWith(`${PREFIX}${user}.`) === true) places.push(place);
    }
  });
  return places;
}

/** Reads what somebody kept; what is no such thing is passed over. */
function read(shelf: Shelf, place: string): readonly KeptOutgoing[] {
  try {
    const kept: unknown = JSON.parse(shelf.getItem(place) ?? "[]");
    return Array.isArray(kept) ? kept.filter(isKept) : [];
  } catch {
    return [];
  }
}

function isKept(value: unknown): value is KeptOutgoing {
  if (typeof value !== "object" || value === null) return false;
  return ["room", "key", "text"].every((name) => typeof Reflect.get(value, name) === "string");
}

/** Storage may be full, or forbidden altogether: then there is simply none. */
function attempt(step: () => void): void {
  try {
    step();
  } catch {
    // Nothing is lost that is still in memory.
  }
}
