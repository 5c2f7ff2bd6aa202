/**
 * Test support, load: somebody who chats whatever happens: comes back as the same guest or user after each lost
 * connection, resumes each room after the last record that was heard, and then sends once more what has not come back.
 */
import { ChatClient, type ChatEvent } from "./chat-client.ts";
import type { Dice } from "./faults-run.ts";
import { type ChatLink, type Entrance, WebSocketLink } from "./load-link.ts";
import { type LoadRoom, messageNumber } from "./load-room.ts";

/** Somebody's place in a room. */
interface Place {
  readonly room: LoadRoom;
  readonly sender: number;
  readonly receiver: number;
  /** The last seq that was heard. */
  cursor: number;
  isCaughtUp: boolean;
}

/** A message that was sent and has neither been acknowledged nor come back. */
interface Pending {
  readonly place: Place;
  readonly number: number;
  readonly text: string;
  /** Whether the server gave it back: sent again, it may stand behind later ones. */
  wasRefused: boolean;
}

/** How somebody chats. */
export interface ChatterStyle {
  /** Messages sent and not answered at a time; 0 = sends only when told. */
  readonly window: number;
  /** Bytes of text that are added to each message. */
  readonly padding: number;
  readonly dice: Dice;
  /** Who comes and how; a guest over TCP unless told. */
  readonly entrance?: Entrance;
  /** Codes that may be heard, beside those of a server that stops or fails to write. */
  readonly mayBeTold?: readonly string[];
}

/** Somebody who chats. */
export class Chatter {
  readonly label: string;
  /** What nobody should ever hear: errors that nothing explains. */
  readonly faults: string[] = [];
  /** Codes of errors that a stopping or failing server may give. */
  readonly refusals: string[] = [];
  /** How many messages were heard, over all connections. */
  heard = 0;
  /** Called for each message, with the hour (`performance.now()`) at which it was sent. */
  onMessage: ((sentAt: number) => void) | undefined;
  readonly #style: ChatterStyle;
  readonly #entrance: Entrance;
  readonly #padding: string;
  readonly #places = new Map<string, Place>();
  readonly #pending = new Map<string, Pending>();
  /**
   * What was sent again. The node that got it first may still be writing it: then that attempt may be heard before the
   * second is acknowledged.
   */
  readonly #sentAgain = new Map<string, Pending>();
  #link: ChatLink | undefined;
  #session: string | undefined;
  #user: string | undefined;
  #isLive = false;
  #isQuiet = false;
  #cameBack: (() => void) | undefined;

  constructor(label: string, rooms: readonly LoadRoom[], style: ChatterStyle) {
    this.label = label;
    this.#style = style;
    this.#entrance = style.entrance ?? { type: "guest", over: "tcp" };
    this.#user = this.#entrance.type === "user" ? this.#entrance.name : undefined;
    this.#padding = "x".repeat(style.padding);
    for (const room of rooms) {
      const sender = room.sender(label);
      const receiver = room.check.addReceiver(label, "first");
      this.#places.set(room.name, { room, sender, receiver, cursor: 0, isCaughtUp: false });
    }
  }

  /** The connection of the moment. */
  get link(): ChatLink {
    if (this.#link === undefined) throw new Error(`${this.label} has never connected`);
    return this.#link;
  }

  /** The same, of somebody who comes over TCP. */
  get client(): ChatClient {
    if (!(this.#link instanceof ChatClient)) throw new Error(`${this.label} is not connected over TCP`);
    return this.#link;
  }

  /** Whether it is the HTTP port that they come to. */
  get comesOverHttp(): boolean {
    return this.#entrance.over !== "tcp";
  }

  /** Messages that are neither acknowledged nor heard. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Whether they are in a room. */
  hears(room: LoadRoom): boolean {
    return this.#places.has(room.name);
  }

  /** The last seq heard of a room. */
  cursor(room: LoadRoom): number {
    return this.#places.get(room.name)?.cursor ?? 0;
  }

  /** Connects and resumes. `true` once caught up in every room, `false` where the connection ended before. */
  async come(port: number): Promise<boolean> {
    this.#isLive = false;
    for (const place of this.#places.values()) place.isCaughtUp = false;
    const link = this.#connect(port);
    this.#link = link;
    const cameBack = new Promise<void>((resolve) => {
      this.#cameBack = resolve;
    });
    await Promise.race([cameBack, link.ended]);
    return this.#isLive;
  }

  #connect(port: number): ChatLink {
    const entrance = this.#entrance;
    let greetings = 0;
    const hello = { _ct: "hello", v: 1, ...(entrance.type === "guest" ? { s: this.#session } : { t: entrance.id }) };
    // Whoever comes over `/ws` with a cookie is known from the start; anybody else says `hello`, and is greeted again.
    const greetingsDue = entrance.type === "user" && entrance.over === "websocket" ? 1 : 2;
    const listen = (event: ChatEvent): void => {
      if (event._et !== "login_successful") {
        // What an ear hears before it is greeted is not what was asked for.
        if (greetings > 0) this.#take(event);
        return;
      }
      greetings += 1;
      if (greetings === greetingsDue) this.#greeted(event);
      else if (entrance.over !== "feed") this.link.send(hello);
    };
    if (entrance.over === "tcp") return new ChatClient(port, listen);
    const id = entrance.type === "user" ? entrance.id : undefined;
    if (entrance.over === "websocket") return new WebSocketLink(port, "/ws", id, listen, () => undefined);
    // An ear is greeted at its first command, which is carried out as well.
    return new WebSocketLink(port, `/ws/connect/${id}`, undefined, listen, () => this.link.send(hello));
  }

  /** Sends nothing new any more; what is pending is still sent again after a lost connection. */
  quieten(): void {
    this.#isQuiet = true;
  }

  /** Sends a message. */
  say(room: LoadRoom): void {
    const place = this.#places.get(room.name);
    if (place === undefined) throw new Error(`${this.label} is not in ${room.name}`);
    const number = room.check.sent(place.sender);
    const key = `${this.label}-${room.name}-${number}`;
    const text = `${this.label} ${number} ${performance.now().toFixed(3)} ${this.#padding}`;
    room.keys.add(key);
    this.#pending.set(key, { place, number, text, wasRefused: false });
    this.#send(key, place, text);
  }

  #send(key: string, place: Place, text: string): void {
    this.link.send({ _ct: "send_message", r: place.room.name, c: text, k: key });
  }

  #greeted({ u, s }: ChatEvent): void {
    // A session is a new one each time for whoever has an account.
    const isOther = this.#entrance.type === "guest" && this.#session !== undefined && s !== this.#session;
    if (isOther || (this.#user !== undefined && u !== this.#user)) {
      this.faults.push(`came back as ${u}, was ${this.#user}`);
    }
    this.#session = s;
    this.#user = u;
    for (const { room, cursor } of this.#places.values()) {
      this.link.send({ _ct: "join_room", r: room.name, after: cursor });
    }
  }

  #take(event: ChatEvent): void {
    if (event._et === "user_message") this.#message(event);
    else if (event._et === "room_change") this.#change(event);
    else if (event._et === "ack") this.#ack(event);
    else if (event._et === "caught_up") this.#caughtUp(event);
    else if (event._et === "error") this.#error(event);
    else if (event._et === "reset") this.faults.push(`${event.r} was reset to ${event.oldest}`);
    this.#pump();
  }

  #message({ r, u, c, q, k, x }: ChatEvent): void {
    const place = this.#places.get(r ?? "");
    if (place === undefined || q === undefined || c === undefined) {
      this.faults.push(`a message without room, seq or text: ${r}, ${q}`);
      return;
    }
    const { label, number, sentAt } = messageNumber(c, x === true, k);
    place.room.check.saw(place.receiver, place.room.sender(label), number, q);
    place.cursor = q;
    this.heard += 1;
    this.onMessage?.(sentAt);
    if (u === this.#user && k !== undefined) this.#pending.delete(k);
  }

  #change({ r, q }: ChatEvent): void {
    const place = this.#places.get(r ?? "");
    if (place === undefined || q === undefined) {
      this.faults.push(`a change without room or seq: ${r}, ${q}`);
      return;
    }
    place.room.check.sawOther(place.receiver, q);
    place.cursor = q;
  }

  #ack({ k = "", i = "", q = 0 }: ChatEvent): void {
    const pending = this.#pending.get(k) ?? this.#sentAgain.get(k);
    if (pending === undefined) {
      this.faults.push(`an ack for ${k}, which waits for none`);
      return;
    }
    const { place, number } = pending;
    place.room.check.acknowledged(place.sender, number, q);
    place.room.acknowledged.set(k, { id: i, seq: q });
    this.#pending.delete(k);
  }

  #caughtUp({ r }: ChatEvent): void {
    const place = this.#places.get(r ?? "");
    if (place === undefined) return;
    place.isCaughtUp = true;
    if ([...this.#places.values()].some(({ isCaughtUp }) => !isCaughtUp)) return;
    // All that the server has kept so far has come back; the rest never reached it, or is on its way through it still.
    for (const [key, pending] of this.#pending) {
      const { place, number, text, wasRefused } = pending;
      if (wasRefused) place.room.check.mayComeLate(place.sender, number);
      this.#sentAgain.set(key, pending);
      this.#send(key, place, text);
    }
    this.#isLive = true;
    this.#cameBack?.();
  }

  #error({ code = "", k, r }: ChatEvent): void {
    const pending = this.#pending.get(k ?? "");
    if (pending !== undefined) pending.wasRefused = true;
    const mayBeTold = ["going_away", "not_sent", "unknown", "overloaded", "slow", ...(this.#style.mayBeTold ?? [])];
    if (mayBeTold.includes(code)) this.refusals.push(code);
    else this.faults.push(`${code} for ${k ?? r}`);
  }

  #pump(): void {
    while (this.#isLive && !this.#isQuiet && !this.link.hasEnded && this.#pending.size < this.#style.window) {
      this.say(this.#style.dice.one([...this.#places.values()]).room);
    }
  }
}
