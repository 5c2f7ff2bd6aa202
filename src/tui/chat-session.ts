/**
 * The terminal client: the SDK's side of it. Tells the store what happens, and does what the reader asks. Holds no state
 * that is shown: that is the store's.
 */
import { ChatClient, type ConnectionState, type Room } from "../sdk/index.ts";
import { tcpTransport } from "../sdk/tcp-transport.ts";
import type { Action } from "./actions.ts";
import { parseAddress, whyUnreached } from "./address.ts";
import type { Effect } from "./effects.ts";
import { Kept } from "./kept.ts";

/** How often the time to the server and back is taken, in milliseconds. */
const ROUND_TRIP_EVERY_MS = 10_000;

/** When it is taken for the first time after signing in, in milliseconds. */
const FIRST_ROUND_TRIP_MS = 1_000;

/** Chats that are followed without being opened, so that one sees what comes; the others are when they are opened. */
const CHATS_FOLLOWED_MAX = 50;

/** Records in a page of history. */
const PAGE_RECORDS = 200;

/** Where a guest's session is kept from one run to the next, if at all. */
export interface SessionKeeper {
  load(server: string): string | undefined;
  save(server: string, session: string): void;
}

/** How one connects. */
export interface SessionOptions {
  readonly isTls: boolean;
  readonly keeper: SessionKeeper | undefined;
  /** The room to open once connected. */
  readonly startRoom: string | undefined;
  readonly dispatch: (action: Action) => void;
}

/** One reader's connection to a server, and the rooms that they follow. */
export class ChatSession {
  readonly #options: SessionOptions;
  readonly #dispatch: (action: Action) => void;
  #client: ChatClient | undefined;
  /** Rooms that are listened to, and what ends that. */
  readonly #listening = new Map<string, { readonly room: Room; readonly stop: () => void }>();
  readonly #kept = new Kept();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#dispatch = options.dispatch;
  }

  /** Messages that have not been sent, by room; once this is closed. */
  get unsent(): readonly { readonly room: string; readonly text: string }[] {
    return this.#kept.unsent;
  }

  /** Does what was asked. What is not about a server is somebody else's. */
  run(effect: Effect): void {
    if (effect.type === "connect") this.#connect(effect.server, effect.token);
    else if (effect.type === "giveUp") this.#backToForm("given up", undefined);
    else if (effect.type === "retryNow") this.#client?.retryNow();
    else if (effect.type === "open") this.#open(effect.room, true, 0);
    else if (effect.type === "leave") this.#leave(effect.room);
    else if (effect.type === "history") void this.#history(effect);
    else if (effect.type === "typing") this.#client?.room(effect.room)?.typing();
    else if (effect.type === "send") {
      const room = this.#client?.room(effect.room);
      for (const text of effect.texts) room?.send(text);
      this.#tellOutgoing(effect.room);
    } else if (effect.type === "retryFailed" || effect.type === "discardFailed") {
      this.#withFailed(effect.room, (room, key) =>
        effect.type === "retryFailed" ? room.retry(key) : room.discard(key),
      );
    }
  }

  /** Ends the connection. */
  close(): void {
    clearInterval(this.#timer);
    for (const { stop } of this.#listening.values()) stop();
    this.#listening.clear();
    const client = this.#client;
    this.#client = undefined;
    client?.close();
  }

  #connect(server: string, token: string): void {
    const address = parseAddress(server);
    if (typeof address === "string") {
      this.#dispatch({ type: "connectFailed", problem: address });
      return;
    }
    this.close();
    this.#dispatch({ type: "connecting", server });
    const session = this.#kept.sessionOf(server) ?? this.#options.keeper?.load(server);
    const client = new ChatClient({
      connect: tcpTransport({ ...address, tls: this.#options.isTls }),
      keeper: this.#kept.outgoing(server),
      ...(token === "" ? { session } : { token }),
    });
    this.#client = client;
    client.on("state", (state) => this.#connectionChanged(client, server, state));
    let isFirst = true;
    client.on("signedIn", ({ user, rooms }) => {
      const place = isFirst ? this.#kept.takePlace(server, user, rooms) : undefined;
      isFirst = false;
      // Nobody sees what another was told.
      if (place?.isSame === false) this.#dispatch({ type: "startedAnew", rooms: [...place.rooms.keys()] });
      this.#dispatch({ type: "signedIn", user, rooms });
      if (token === "" && client.session !== undefined) {
        this.#kept.keepSession(server, client.session);
        this.#options.keeper?.save(server, client.session);
      }
      if (place !== undefined) this.#openFirst(client, place.rooms);
      // Not while all that comes first is drawn: it would be counted in.
      setTimeout(() => void this.#takeRoundTrip(), FIRST_ROUND_TRIP_MS).unref();
    });
    client.on("roomAdded", (listing) => {
      this.#dispatch({ type: "roomAdded", listing });
      this.#open(listing.room, false, 0);
      this.#dispatch({ type: "hinted", text: `new chat: ${listing.description}` });
    });
    client.on("roomRemoved", ({ room }) => this.#dispatch({ type: "roomRemoved", room }));
    client.on("refused", ({ text }) => this.#dispatch({ type: "hinted", text }));
    this.#timer = setInterval(() => void this.#takeRoundTrip(), ROUND_TRIP_EVERY_MS);
    client.connect();
  }

  /**
   * A server that is not there at the first attempt is told at once: the address may be wrong. Later it is waited for. One
   * that ends it for good leads back to where one connects: as who one was, or as somebody else.
   */
  #connectionChanged(client: ChatClient, server: string, state: ConnectionState): void {
    if (client !== this.#client) return;
    this.#dispatch({ type: "connectionChanged", connection: state });
    const wasIn = client.user !== undefined;
    if (state.type === "waiting" && !wasIn) this.#backToForm(whyUnreached(server, state.reason), undefined);
    if (state.type !== "ended") return;
    const { code, text } = state.reason;
    if (wasIn) this.#kept.keepPlace(server, client);
    const field = code === "unauthorized" || code === "signed_out" ? "token" : undefined;
    this.#backToForm(`${server} ${wasIn ? "has ended your session" : "says no"}: ${text}`, field);
  }

  #backToForm(problem: string, field: "token" | undefined): void {
    this.close();
    this.#dispatch({ type: "connectFailed", problem });
    if (field !== undefined) this.#dispatch({ type: "formChanged", change: { field } });
  }

  /**
   * The rooms that were open before, from where one had read to. Chats are followed from the start: whoever is in one
   * wants to know. The rooms of all are not: there one is seen.
   */
  #openFirst(client: ChatClient, before: ReadonlyMap<string, number>): void {
    const isChat = (room: string): boolean => /^[0-9a-f-]{36}$/.test(room);
    for (const [room, cursor] of before) this.#open(room, false, cursor);
    const chats = client.rooms.filter(({ room }) => isChat(room)).slice(0, CHATS_FOLLOWED_MAX);
    for (const { room } of chats) this.#open(room, false, 0);
    const { startRoom } = this.#options;
    if (startRoom === undefined || before.size > 0) return;
    const found = client.rooms.find(({ room, description }) => room === startRoom || description === startRoom);
    if (found !== undefined) this.#open(found.room, true, 0);
    else this.#dispatch({ type: "hinted", text: `there is no room ${startRoom}` });
  }

  /** Follows a room from after a seq; with 0 from its last records, or from where one was in it when it was lost. */
  #open(name: string, isLookedAt: boolean, cursor: number): void {
    const client = this.#client;
    if (client === undefined) return;
    this.#dispatch({ type: "opened", room: name, isLookedAt });
    const before = this.#listening.get(name);
    if (before !== undefined && client.room(name) === before.room) return;
    before?.stop();
    const after = cursor === 0 && before !== undefined ? before.room.cursor : cursor;
    const room = after === 0 ? client.open(name) : client.open(name, { after });
    const stops = [
      room.on("state", (state) => this.#dispatch({ type: "roomStateChanged", room: name, state })),
      room.on("record", (record) => this.#dispatch({ type: "told", room: name, records: [record] })),
      room.on("presence", (presence) => this.#dispatch({ type: "presenceChanged", room: name, presence })),
      room.on("participation", ({ user, status }) =>
        this.#dispatch({ type: "participated", room: name, user, status }),
      ),
      room.on("typing", ({ user }) => this.#dispatch({ type: "typingHeard", room: name, user })),
      room.on("reset", ({ oldest }) => this.#dispatch({ type: "wasReset", room: name, oldest })),
      room.on("outgoing", () => this.#tellOutgoing(name)),
    ];
    const stop = (): void => {
      for (const end of stops) end();
    };
    this.#listening.set(name, { room, stop });
    this.#tellOutgoing(name);
  }

  #leave(name: string): void {
    this.#listening.get(name)?.stop();
    this.#listening.delete(name);
    this.#client?.room(name)?.leave();
    this.#dispatch({ type: "left", room: name });
  }

  #tellOutgoing(name: string): void {
    const outgoing = this.#client?.room(name)?.outgoing ?? [];
    this.#dispatch({ type: "outgoingChanged", room: name, outgoing });
  }

  #withFailed(name: string, action: (room: Room, key: string) => void): void {
    const room = this.#client?.room(name);
    if (room === undefined) return;
    for (const { key, state } of [...room.outgoing]) if (state.type === "failed") action(room, key);
    this.#tellOutgoing(name);
  }

  async #history({ room, direction, seq }: Extract<Effect, { type: "history" }>): Promise<void> {
    this.#dispatch({ type: "historyAsked", room, direction });
    const ask = direction === "older" ? { before: seq } : { after: seq };
    try {
      const page = await this.#client?.room(room)?.history({ ...ask, limit: PAGE_RECORDS });
      if (page !== undefined) this.#dispatch({ type: "historyCame", room, direction, page });
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      this.#dispatch({ type: "historyFailed", room, problem });
    }
  }

  async #takeRoundTrip(): Promise<void> {
    const client = this.#client;
    if (client?.state.type !== "online") return;
    try {
      const begin = performance.now();
      await client.roundTrip();
      this.#dispatch({ type: "roundTripTaken", ms: performance.now() - begin });
    } catch {
      // The connection went while it was asked; its state is told by itself.
      this.#dispatch({ type: "roundTripTaken", ms: undefined });
    }
  }
}
