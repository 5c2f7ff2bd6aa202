/**
 * The web client, conversation: what was typed and not sent, kept over reloads, crashes and other rooms.
 */

/** The part of the browser's `Storage` that is used. */
export interface DraftStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** One person's drafts, one a room. */
export class Drafts {
  readonly #storage: DraftStorage | undefined;
  readonly #me: string;

  /** `storage` is `undefined` where the browser gives none. */
  constructor(storage: DraftStorage | undefined, me: string) {
    this.#storage = storage;
    this.#me = me;
  }

  /** What was typed in this room; empty where nothing was. */
  load(room: string): string {
    try {
      return this.#storage?.getItem(this.#name(room)) ?? "";
    } catch {
      return "";
    }
  }

  /** Keeps it. Where the browser refuses (its store is full or switched off), it lives as long as the page. */
  save(room: string, text: string): void {
    try {
      if (text === "") this.#storage?.removeItem(this.#name(room));
      else this.#storage?.setItem(this.#name(room), text);
    } catch {
      // The text stands in its field; nothing better can be done here.
    }
  }

  #name(room: string): string {
    return `verbatim.draft.${this.#me}.${room}`;
  }
}
