/**
 * The web client: its one state. Views read it, actions write it, and nothing else is remembered anywhere.
 */
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { ConnectionState } from "../sdk/types.ts";
import { byActivity, type Entry, inOrder, totalUnread } from "./model/entry.ts";
import type { Route } from "./model/route.ts";
import type { PageFacts } from "./page.ts";

/** Who is signed in. */
export interface Me {
  readonly id: string;
  readonly name: string;
  readonly isAdmin: boolean;
}

/** What lies over everything else. */
export type Dialog = "new-chat" | "switcher" | "settings" | "keys";

/** Light or dark, or what the system says. */
export type Theme = "system" | "light" | "dark";

/** Whether something that was asked for is there. */
export type Loading = { readonly type: "loading" | "ready" } | { readonly type: "failed"; readonly text: string };

/** A member of the open chat. */
export interface Member {
  readonly id: string;
  /** `undefined` until it is known. */
  readonly name: string | undefined;
}

/** Entries by what commands and events call their rooms. */
export type Entries = ReadonlyMap<string, Entry>;

/** The state. */
export class Store {
  readonly facts: PageFacts;
  readonly me: Signal<Me | undefined> = signal(undefined);
  /** What the sign-in page says first: why one is there. */
  readonly doorNotice: Signal<string> = signal("");
  readonly route: Signal<Route>;
  readonly connection: Signal<ConnectionState> = signal({ type: "idle" });
  /** Whether it was online once: before that nobody needs to be told of a reconnection. */
  readonly wasOnline: Signal<boolean> = signal(false);
  readonly list: Signal<Loading> = signal({ type: "loading" });
  readonly entries: Signal<Entries> = signal(new Map());
  /** Grows when the open room is entered anew, so that what stood there begins again. */
  readonly entrances: Signal<number> = signal(0);
  readonly dialog: Signal<Dialog | undefined> = signal(undefined);
  readonly showsMembers: Signal<boolean> = signal(false);
  readonly members: Signal<readonly Member[]> = signal([]);
  /** Names of those who are in the open room right now. */
  readonly present: Signal<ReadonlySet<string>> = signal(new Set());
  readonly filter: Signal<string> = signal("");
  readonly toast: Signal<{ readonly text: string; readonly isError: boolean } | undefined> = signal(undefined);
  readonly theme: Signal<Theme> = signal("system");
  /** Whether somebody has read that the server is open. */
  readonly isOpenNoted: Signal<boolean> = signal(false);
  /** Whether the browser lets us show notifications, and whether they are wanted. */
  readonly notifications: Signal<"unsupported" | "off" | "on" | "blocked"> = signal("off");
  /** The time to the minute, for what is shown beside messages. */
  readonly now: Signal<number>;

  /** The order of the list by room, while nothing in it may move. */
  readonly #held: Signal<ReadonlyMap<string, number> | undefined> = signal(undefined);

  /** All entries, those in which something happened last first. */
  readonly sorted: ReadonlySignal<readonly Entry[]> = computed(() => byActivity([...this.entries.value.values()]));
  /** In the order in which the list shows them: chats, public rooms that are followed, and the others. */
  readonly listed: ReadonlySignal<readonly Entry[]> = computed(() => {
    const sorted = inOrder(this.sorted.value, this.#held.value);
    return [
      ...sorted.filter(({ kind }) => kind !== "public"),
      ...sorted.filter(({ kind, isFollowed }) => kind === "public" && isFollowed),
      // In the order of the rooms file, in which they came.
      ...[...this.entries.value.values()].filter(({ kind, isFollowed }) => kind === "public" && !isFollowed),
    ];
  });
  readonly unread: ReadonlySignal<number> = computed(() => totalUnread(this.sorted.value));
  /** The entry of the route, where there is one. */
  readonly open: ReadonlySignal<Entry | undefined> = computed(() => {
    const route = this.route.value;
    if (route.type !== "room") return undefined;
    const { place } = route;
    return (
      this.entries.value.get(place) ?? this.sorted.value.find((entry) => entry.place === place || entry.id === place)
    );
  });

  constructor(facts: PageFacts, route: Route, now: number) {
    this.facts = facts;
    this.route = signal(route);
    this.now = signal(now);
  }

  /** The list keeps its order from here on; what is new stands before the rest. */
  hold(): void {
    this.#held.value = new Map(this.listed.value.map(({ room }, index) => [room, index]));
  }

  /** It is sorted again as things happen. */
  letGo(): void {
    this.#held.value = undefined;
  }

  /** Puts entries in the place of those of the same rooms. */
  put(entries: readonly Entry[]): void {
    const next = new Map(this.entries.value);
    for (const entry of entries) next.set(entry.room, entry);
    this.entries.value = next;
  }

  /** Changes an entry, where it is there. */
  change(room: string, change: (entry: Entry) => Entry): void {
    const entry = this.entries.value.get(room);
    if (entry === undefined) return;
    const changed = change(entry);
    if (changed !== entry) this.put([changed]);
  }

  /** Forgets everything that is somebody's own. */
  forget(): void {
    this.me.value = undefined;
    this.entries.value = new Map();
    this.list.value = { type: "loading" };
    this.connection.value = { type: "idle" };
    this.wasOnline.value = false;
    this.dialog.value = undefined;
    this.members.value = [];
    this.present.value = new Set();
    this.filter.value = "";
    this.letGo();
    this.toast.value = undefined;
  }
}
