/**
 * The web client's actions: who is in the open chat, and what can be changed about that.
 */
import type { App } from "../app.ts";
import type { Member } from "../store.ts";

/** So many members are shown by name; larger chats say how many more there are. */
export const MEMBERS_SHOWN_MAX = 200;

/** Names that are asked for at once. */
const ASKED_AT_ONCE = 6;

/** The members of the open chat. */
export class Members {
  readonly #app: App;
  readonly #names = new Map<string, string>();

  constructor(app: App) {
    this.#app = app;
  }

  /** Shows or hides them. */
  toggle(): void {
    const { store } = this.#app;
    store.showsMembers.value = !store.showsMembers.value;
    if (store.showsMembers.value) this.#app.attempt(() => this.load());
  }

  /** Asks who they are: first for the ids, then for the names that are not known. */
  async load(): Promise<void> {
    const { store, api } = this.#app;
    const { value: entry } = store.open;
    if (entry === undefined || entry.kind === "public" || entry.lost !== undefined) return;
    const { room } = entry;
    const { members } = await api.chat(room);
    store.change(room, (now) => ({ ...now, members }));
    const show = (): void => {
      if (store.open.value?.room === room) store.members.value = members.slice(0, MEMBERS_SHOWN_MAX).map(this.#member);
    };
    show();
    const unknown = members.slice(0, MEMBERS_SHOWN_MAX).filter((id) => !this.#names.has(id));
    while (unknown.length > 0 && store.open.value?.room === room) {
      await Promise.all(unknown.splice(0, ASKED_AT_ONCE).map((id) => this.#ask(id)));
      show();
    }
  }

  /** Adds somebody to the open chat. Rejects with an `ApiError`. */
  async add(ids: readonly string[]): Promise<void> {
    const { value: entry } = this.#app.store.open;
    if (entry === undefined) return;
    await this.#app.api.addMembers(entry.room, ids);
    await this.load();
  }

  /** Removes somebody from the open chat. */
  async remove(id: string): Promise<void> {
    const { value: entry } = this.#app.store.open;
    if (entry === undefined) return;
    await this.#app.api.removeMember(entry.room, id);
    await this.load();
  }

  /** Leaves the open chat, and goes home. */
  async leave(): Promise<void> {
    const { store, api } = this.#app;
    const { value: entry } = store.open;
    if (entry === undefined || store.me.value === undefined) return;
    await api.removeMember(entry.room, store.me.value.id);
    this.#app.go({ type: "home" });
    await this.#app.refresh();
    this.#app.say(`You have left ${entry.title}.`);
  }

  async #ask(id: string): Promise<void> {
    try {
      this.#names.set(id, (await this.#app.api.user(id)).name);
    } catch {
      this.#names.set(id, "somebody without an account");
    }
  }

  readonly #member = (id: string): Member => ({ id, name: this.#names.get(id) });
}
