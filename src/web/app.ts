/**
 * The web client: what can be done in it. Holds the state, the calls and, while somebody is signed in, what runs then;
 * views call it and read the state.
 */
import { type Signal, signal } from "@preact/signals";
import { ApiError, type ChatClient, type HttpApi } from "../sdk/index.ts";
import { Excerpts } from "./actions/excerpts.ts";
import { TabKeeper } from "./actions/keeper.ts";
import { Live } from "./actions/live.ts";
import { Members } from "./actions/members.ts";
import { Notifier } from "./actions/notifier.ts";
import { browserShelf, onSetting, readSetting, writeSetting } from "./actions/settings.ts";
import { tabName, takeTabName } from "./actions/tab.ts";
import { type Entry, neighbour } from "./model/entry.ts";
import { pathOf, type Route, routeBehindDoor, routeOf } from "./model/route.ts";
import { errorWords } from "./model/words.ts";
import type { Me, Store } from "./store.ts";

/** Says to other tabs who is signed in, for the cookie is theirs too. */
const WHO_SETTING = "who";

/** Whether this browser's user knows that the server is open. */
const OPEN_SETTING = "open-server";

/** How long a note stays that asks for nothing, in milliseconds. */
const TOAST_MS = 6_000;

/** How often coming back to the page asks for the list anew, in milliseconds. */
const LOOK_EVERY_MS = 5_000;

/** The client. */
export class App {
  readonly store: Store;
  readonly api: HttpApi;
  readonly excerpts = new Excerpts();
  readonly notifier: Notifier;
  readonly members: Members;
  /** The SDK's, while somebody is signed in. */
  readonly client: Signal<ChatClient | undefined> = signal(undefined);
  #live: Live | undefined;
  #lookedAt = 0;
  #toastTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(store: Store, api: HttpApi) {
    this.store = store;
    this.api = api;
    this.notifier = new Notifier(store, this.excerpts, this.openPlace);
    this.members = new Members(this);
    store.isOpenNoted.value = readSetting(OPEN_SETTING) !== undefined;
  }

  /** Begins where the page says. */
  start(): void {
    window.addEventListener("popstate", () => this.#arrive(routeOf(location.pathname)));
    window.addEventListener("online", () => this.client.value?.retryNow());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#cameBack();
    });
    window.addEventListener("focus", () => this.#cameBack());
    onSetting(WHO_SETTING, (id) => this.#otherTab(id));
    const { me } = this.store.facts;
    if (me === undefined) this.#arrive({ type: "door" });
    else {
      void this.#begin({ ...me, isAdmin: false });
      void this.#lookWhoIAm();
    }
  }

  /** Signs in with a name and a password. Rejects with an `ApiError`. */
  async signIn(name: string, password: string | undefined): Promise<void> {
    await this.#enterAs(await this.api.signIn({ name, password }));
  }

  /** Makes an account and signs in with it. Rejects with an `ApiError`. */
  async signUp(name: string, password: string | undefined, invite: string | undefined): Promise<void> {
    await this.api.signUp({ name, password, invite });
    await this.signIn(name, password);
  }

  /** Signs in where a name is enough, and makes an account for a new one. Rejects with an `ApiError`. */
  async enter(name: string): Promise<void> {
    const wanted = name.trim().normalize();
    const found = await this.api.findUsers(wanted);
    const isThere = found.some((user) => user.name.toLocaleLowerCase() === wanted.toLocaleLowerCase());
    if (isThere || this.store.facts.signUp !== "open") await this.signIn(wanted, undefined);
    else await this.signUp(wanted, undefined, undefined);
  }

  /** Signs out, here and in the other tabs of this browser. */
  async signOut(): Promise<void> {
    try {
      await this.api.signOut();
    } catch (error) {
      this.say(errorWords(error), true);
      return;
    }
    writeSetting(WHO_SETTING, "");
    this.#end("You have signed out.");
  }

  /** Goes somewhere. */
  go(route: Route, isNew = true): void {
    const path = pathOf(route);
    if (isNew && path !== location.pathname) history.pushState(null, "", path);
    else if (!isNew) history.replaceState(null, "", path);
    this.#arrive(route);
  }

  /** Goes to a chat or room. One function, so that rows which are given it can stay still. */
  readonly openPlace = (place: string): void => this.go({ type: "room", place });

  /** Asks the server anew to be let into the open room. */
  readonly enterAgain = (): void => {
    const { value: entry } = this.store.open;
    if (entry !== undefined) this.#live?.enterAgain(entry);
  };

  /** Goes to the chat before (`-1`) or after (`1`) the open one. */
  step(step: 1 | -1, entries: readonly Entry[]): void {
    const next = neighbour(entries, this.store.open.value?.room, step);
    if (next !== undefined) this.go({ type: "room", place: next.place });
  }

  /** Makes a chat and goes there; of one other without a name it is the direct chat. Rejects with an `ApiError`. */
  async makeChat(name: string, members: readonly string[]): Promise<void> {
    const isDirect = name === "" && members.length === 1;
    const { id } = await this.api.createChat(isDirect ? { members, direct: true } : { name, members });
    await this.#live?.load();
    this.go({ type: "room", place: id });
  }

  /** Changes the password; everything else that is signed in with the old one ends. Rejects with an `ApiError`. */
  async changePassword(current: string, next: string): Promise<void> {
    await this.#live?.changePassword(current, next);
  }

  /** Loads the list again. */
  refresh(): Promise<void> {
    return this.#live?.load() ?? Promise.resolve();
  }

  /** Shows a note for a while; an error stays until it is closed. */
  say(text: string, isError = false): void {
    clearTimeout(this.#toastTimer);
    this.store.toast.value = text === "" ? undefined : { text, isError };
    if (!isError && text !== "") this.#toastTimer = setTimeout(() => this.say(""), TOAST_MS);
  }

  /** Somebody knows that the server is open, and needs to be told no more. */
  noteOpen(): void {
    this.store.isOpenNoted.value = true;
    writeSetting(OPEN_SETTING, "noted");
  }

  /** Does what a button asks for; what goes wrong is told, and an ended sign-in leads to the door. */
  attempt(step: () => Promise<void>): void {
    step().catch((error: unknown) => {
      if (error instanceof ApiError && error.code === "unauthorized") this.#end(errorWords(error));
      else this.say(errorWords(error), true);
    });
  }

  async #enterAs({ id, name, isAdmin }: Me): Promise<void> {
    writeSetting(WHO_SETTING, id);
    const wanted = routeBehindDoor(location);
    await this.#begin({ id, name, isAdmin });
    this.go(wanted, false);
  }

  async #begin(me: Me): Promise<void> {
    const { store, api } = this;
    store.doorNotice.value = "";
    store.me.value = me;
    const keeper = await TabKeeper.open(browserShelf(), me.id, tabName(), takeTabName);
    if (store.me.value?.id !== me.id) return;
    const url = `${location.origin.replace(/^http/, "ws")}/ws`;
    const live = new Live({
      ...{ api, store, me, keeper, url },
      on: {
        ended: (text) => this.#end(text),
        unseen: (entry, message) => this.notifier.tell(entry, message),
        membersChanged: (room) => {
          if (store.open.value?.room === room) this.attempt(() => this.#membersChanged());
        },
      },
    });
    this.#live = live;
    this.client.value = live.client;
    live.start();
  }

  /** The list says who owns the chat now, and the members pane who is in it. */
  async #membersChanged(): Promise<void> {
    await this.#live?.load();
    if (this.store.showsMembers.value) await this.members.load();
  }

  async #lookWhoIAm(): Promise<void> {
    try {
      const { id, name, isAdmin } = await this.api.me();
      if (this.store.me.value?.id === id) this.store.me.value = { id, name, isAdmin };
    } catch (error) {
      if (error instanceof ApiError && error.code === "unauthorized") this.#end(errorWords(error));
    }
  }

  #end(notice: string): void {
    if (this.store.me.value === undefined) return;
    const live = this.#live;
    this.#live = undefined;
    this.client.value = undefined;
    live?.stop();
    this.store.forget();
    this.store.doorNotice.value = notice;
    document.title = "Verbatim";
  }

  #arrive(route: Route): void {
    const { store } = this;
    const isSame = pathOf(route) === pathOf(store.route.value);
    const { value: before } = store.open;
    store.route.value = route.type === "door" && store.me.value !== undefined ? { type: "home" } : route;
    if (!isSame) {
      store.letGo();
      store.showsMembers.value = false;
      store.members.value = [];
      store.present.value = new Set();
    }
    const { value: entry } = store.open;
    if (before?.lost !== undefined && before.room !== entry?.room) this.#live?.drop(before.room);
    if (entry !== undefined) this.#live?.opened(entry);
  }

  /** Somebody looks again: what waits for the network is tried, and what is open has been seen. */
  #cameBack(): void {
    this.client.value?.retryNow();
    const { value: entry } = this.store.open;
    if (entry !== undefined) this.#live?.opened(entry);
    const now = Date.now();
    if (this.store.connection.value.type !== "online" || now - this.#lookedAt < LOOK_EVERY_MS) return;
    this.#lookedAt = now;
    void this.#live?.load();
  }

  /** Another tab signed out or in as somebody else: the cookie is not ours any more. */
  #otherTab(id: string | undefined): void {
    const { me } = this.store;
    if (me.value === undefined || id === me.value.id) return;
    this.#end(
      id === undefined || id === ""
        ? "You have signed out in another tab."
        : "Somebody else has signed in in another tab. Load this page again to go on as them.",
    );
  }
}
