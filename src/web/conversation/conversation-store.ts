/**
 * The web client, conversation: the state of one open room and what can be done with it. Records, pages and signals of
 * the SDK go in, signals for the screen come out, once per frame however much happens. It knows nothing of the DOM.
 */
import { batch, type ReadonlySignal, signal } from "@preact/signals";
import type { Room } from "../../sdk/index.ts";
import type {
  ConnectionState,
  HistoryPage,
  Message,
  Outgoing,
  Presence,
  RoomRecord,
  RoomState,
} from "../../sdk/types.ts";
import { Announcer } from "./announcer.ts";
import { FramePace } from "./frame-pace.ts";
import type { PageTime } from "./page-time.ts";
import { PassersBy } from "./passers-by.ts";
import { type Row, RowMaker } from "./rows.ts";
import { type PageSide, Timeline } from "./timeline.ts";

/** Records asked for at once. */
const PAGE_RECORDS = 150;

/** Keys of sent messages that are remembered, so that their rows stay the same. */
const SENT_HERE_MAX = 500;

/** How the fetching of pages at one end of the window is doing. */
export type Fetching = "idle" | "loading" | "failed";

/** What the list shows, all of one moment. */
export interface ListView {
  readonly rows: readonly Row[];
  readonly isAtStart: boolean;
  readonly isAtEnd: boolean;
  readonly older: Fetching;
  readonly newer: Fetching;
}

/** What the store needs of the SDK's client. */
export interface StoreClient {
  readonly state: ConnectionState;
  on(type: "state", listener: (state: ConnectionState) => void): () => void;
}

/** The part of a room that the store uses. */
export type StoreRoom = Pick<
  Room,
  "name" | "state" | "cursor" | "presence" | "outgoing" | "send" | "retry" | "discard" | "history" | "typing" | "on"
>;

/** What it takes. */
export interface StoreOptions {
  readonly client: StoreClient;
  readonly room: StoreRoom;
  readonly me: string;
  readonly time: PageTime;
}

/** One room on the screen. `start` it once; `stop` lets go of the SDK, and leaves the room open. */
export class ConversationStore {
  readonly #room: StoreRoom;
  readonly #client: StoreClient;
  readonly #me: string;
  readonly #time: PageTime;
  readonly #timeline = new Timeline();
  readonly #maker = new RowMaker();
  readonly #passersBy = new PassersBy();
  readonly #sentHere = new Set<string>();
  readonly #pace: FramePace;
  readonly #announcer: Announcer;
  readonly #list = signal<ListView>({ rows: [], isAtStart: false, isAtEnd: true, older: "idle", newer: "idle" });
  readonly #roomState = signal<RoomState>({ type: "joining" });
  readonly #connection = signal<ConnectionState>({ type: "idle" });
  readonly #presence = signal<Presence>({ users: [], count: 0 });
  readonly #comings = signal("");
  readonly #writing = signal("");
  readonly #newBelow = signal(0);
  readonly #isFollowing = signal(true);
  /** Told, but not yet in the window: they go in together, before the next frame. */
  #told: RoomRecord[] = [];
  #older: Fetching = "idle";
  #newer: Fetching = "idle";
  #unreadAfter: number | undefined;
  #stopAll: (() => void)[] = [];
  #cancelExpiry: (() => void) | undefined;
  /** The newest page is wanted, as soon as the one that is on its way has come. */
  #isJumping = false;

  constructor({ client, room, me, time }: StoreOptions) {
    this.#client = client;
    this.#room = room;
    this.#me = me;
    this.#time = time;
    this.#pace = new FramePace(time, () => this.#draw());
    this.#announcer = new Announcer(time);
  }

  /** The list. */
  get list(): ReadonlySignal<ListView> {
    return this.#list;
  }
  get roomState(): ReadonlySignal<RoomState> {
    return this.#roomState;
  }
  get connection(): ReadonlySignal<ConnectionState> {
    return this.#connection;
  }
  get presence(): ReadonlySignal<Presence> {
    return this.#presence;
  }
  /** Who came and went in the last moments, in words. */
  get comings(): ReadonlySignal<string> {
    return this.#comings;
  }
  /** Who is writing, in words. */
  get writing(): ReadonlySignal<string> {
    return this.#writing;
  }
  /** Messages of others that came below what is seen. */
  get newBelow(): ReadonlySignal<number> {
    return this.#newBelow;
  }
  /** For a screen reader. */
  get announced(): ReadonlySignal<string> {
    return this.#announcer.said;
  }
  /** Whether the reader is at the newest, so that the list moves on with it. */
  get isFollowing(): ReadonlySignal<boolean> {
    return this.#isFollowing;
  }
  /** The newest seq that stands on the screen or above. */
  get lastShown(): number {
    return this.#timeline.last;
  }

  /** Listens to the room from here on. */
  start(): void {
    const room = this.#room;
    this.#stopAll = [
      this.#client.on("state", (state) => {
        this.#connection.value = state;
      }),
      room.on("state", (state) => {
        this.#roomState.value = state;
        this.#stateChanged(state);
      }),
      room.on("record", (record) => this.#recordTold(record)),
      room.on("outgoing", (outgoing) => this.#outgoingChanged(outgoing)),
      room.on("presence", (presence) => {
        this.#presence.value = presence;
      }),
      room.on("participation", ({ user, status }) => {
        if (user === this.#me) return;
        this.#passersBy.moved(user, status, this.#time.now());
        this.#pace.soon();
      }),
      room.on("typing", ({ user }) => {
        if (user === this.#me) return;
        this.#passersBy.writes(user, this.#time.now());
        this.#pace.soon();
      }),
      room.on("reset", ({ oldest }) => {
        this.#takeIn();
        this.#timeline.reset(oldest);
        this.#pace.soon();
      }),
    ];
    batch(() => {
      this.#connection.value = this.#client.state;
      this.#roomState.value = room.state;
      this.#presence.value = room.presence;
    });
    for (const { key } of room.outgoing) this.#sentHere.add(key);
    this.#stateChanged(room.state);
    this.flush();
  }

  /** Lets go of everything. */
  stop(): void {
    for (const stop of this.#stopAll) stop();
    this.#pace.stop();
    this.#announcer.stop();
    this.#cancelExpiry?.();
  }

  /** The reader came to the newest, or went away from it. */
  follow(isFollowing: boolean): void {
    if (isFollowing === this.#isFollowing.value) return;
    this.#isFollowing.value = isFollowing;
    if (isFollowing) this.#newBelow.value = 0;
  }

  /** What the reader has not read lies after this seq. */
  markUnread(after: number | undefined): void {
    this.#unreadAfter = after;
    this.#pace.soon();
  }

  /** Fetches what is older than the window, or newer, where there is more and nothing is on its way. */
  fetchOlder(): void {
    const { first, isAtStart } = this.#timeline;
    if (this.#older !== "idle" || isAtStart || first === 0) return;
    this.#fetch("older", first, this.#room.history({ before: first, limit: PAGE_RECORDS }));
  }
  fetchNewer(): void {
    const { last, isAtEnd } = this.#timeline;
    if (this.#newer !== "idle" || isAtEnd || last === 0) return;
    this.#fetch("newer", last, this.#room.history({ after: last, limit: PAGE_RECORDS }));
  }

  /** Tries again what failed. */
  fetchAgain(): void {
    if (this.#older === "failed") this.#older = "idle";
    if (this.#newer === "failed") this.#newer = "idle";
    if (this.#timeline.records.length === 0) this.#fetchFirst();
    else this.#pace.soon();
  }

  /** To the newest, however far away that is. */
  jumpToNewest(): void {
    this.follow(true);
    if (this.#newer === "loading") this.#isJumping = true;
    else this.#fetchNewest();
    this.flush();
  }

  /** Says something; it stands on the screen with the next frame. `false` where the room is gone and takes nothing. */
  send(text: string): boolean {
    if (this.#room.state.type === "gone") return false;
    this.#remember(this.#room.send(text).key);
    this.#unreadAfter = undefined;
    this.jumpToNewest();
    return true;
  }
  retry(key: string): void {
    this.#room.retry(key);
    this.flush();
  }
  discard(key: string): void {
    this.#room.discard(key);
    this.flush();
  }
  /** One is writing; may be said with each key. */
  typing(): void {
    this.#room.typing();
  }

  /** Brings the screen up to date now. */
  flush(): void {
    this.#pace.now();
  }

  #draw(): void {
    const begun = this.#time.now();
    this.#takeIn();
    const { records, isAtStart, isAtEnd } = this.#timeline;
    const rows = this.#maker.make({
      ...{ records, isAtStart, me: this.#me, unreadAfter: this.#unreadAfter, sentHere: this.#sentHere },
      outgoing: isAtEnd || this.#isFollowing.value ? unsent(this.#room.outgoing) : [],
    });
    const nextExpiry = this.#passersBy.expire(begun);
    batch(() => {
      this.#list.value = { rows, isAtStart, isAtEnd, older: this.#older, newer: this.#newer };
      this.#comings.value = this.#passersBy.comings;
      this.#writing.value = this.#passersBy.writing;
    });
    this.#cancelExpiry?.();
    this.#cancelExpiry =
      nextExpiry === undefined ? undefined : this.#time.later(nextExpiry - begun, () => this.#pace.soon());
  }

  #recordTold(record: RoomRecord): void {
    this.#told.push(record);
    if (record.type === "message") {
      this.#passersBy.said(record.user);
      if (record.user !== this.#me && this.#roomState.value.type === "live") this.#freshMessage(record);
    }
    this.#pace.soon();
  }

  #freshMessage(message: Message): void {
    if (!this.#isFollowing.value) this.#newBelow.value += 1;
    this.#announcer.heard(message);
  }

  #outgoingChanged(outgoing: Outgoing): void {
    if (outgoing.state.type === "sending") this.#remember(outgoing.key);
    this.#pace.soon();
  }

  #remember(key: string): void {
    this.#sentHere.add(key);
    if (this.#sentHere.size <= SENT_HERE_MAX) return;
    for (const eldest of this.#sentHere) {
      this.#sentHere.delete(eldest);
      break;
    }
  }

  #stateChanged(state: RoomState): void {
    if (state.type === "live" || state.type === "catching-up") {
      // What could not be fetched while the connection was away can be now.
      if (this.#older === "failed") this.#older = "idle";
      if (this.#newer === "failed") this.#newer = "idle";
      if (this.#timeline.records.length === 0 && this.#told.length === 0) this.#fetchFirst();
    }
    this.#pace.soon();
  }

  /** The room was open before the conversation looked: what was told then has to be asked for; or there is nothing. */
  #fetchFirst(): void {
    const isTelling = this.#room.cursor === 0 && this.#roomState.value.type !== "live";
    if (isTelling || this.#newer === "loading") return;
    this.#fetch("newest", 0, this.#room.history({ limit: PAGE_RECORDS }));
  }

  #fetch(side: PageSide, asked: number, answer: Promise<HistoryPage>): void {
    this.#fetching(side, "loading");
    answer.then(
      (page) => {
        // What was told before the page came stands before it.
        this.#takeIn();
        this.#timeline.page(side, asked, page);
        // Somebody waits for it: no rest before it is shown.
        this.#pace.next();
        this.#fetching(side, "idle");
        if (this.#isJumping && side !== "older") this.#fetchNewest();
      },
      () => {
        this.#isJumping = false;
        this.#fetching(side, "failed");
      },
    );
  }

  #fetchNewest(): void {
    this.#isJumping = false;
    if (!this.#timeline.isAtEnd) this.#fetch("newest", 0, this.#room.history({ limit: PAGE_RECORDS }));
  }

  #fetching(side: PageSide, is: Fetching): void {
    if (side === "older") this.#older = is;
    else this.#newer = is;
    this.#pace.soon();
  }

  #takeIn(): void {
    if (this.#told.length === 0) return;
    this.#timeline.told(this.#told, this.#isFollowing.value);
    this.#told = [];
  }
}

/** What is sent stands in the window as a record. */
const unsent = (outgoing: readonly Outgoing[]): readonly Outgoing[] =>
  outgoing.filter(({ state }) => state.type !== "sent");
