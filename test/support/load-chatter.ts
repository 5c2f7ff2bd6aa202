/**
 * Test support, load: somebody who chats whatever happens: comes back as the same guest after each lost connection,
 * resumes each room after the last record that was heard, and then sends once more what has not come back.
 */
import { ChatClient, type ChatEvent } from "./chat-client.ts";
import type { Dice } from "./faults-run.ts";
import type { LoadRoom } from "./load-room.ts";

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
}

/** How somebody chats. */
export interface ChatterStyle {
  /** Messages sent and not answered at a time; 0 = sends only when told. */
  readonly window: number;
  /** Bytes of text that are added to each message. */
  readonly padding: number;
  readonly dice: Dice;
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
  readonly #padding: string;
  readonly #places = new Map<string, Place>();
  readonly #pending = new Map<string, Pending>();
  #client: ChatClient | undefined;
  #session: string | undefined;
  #user: string | undefined;
  #isLive = false;
  #isQuiet = false;
  #cameBack: (() => void) | undefined;

  constructor(label: string, rooms: readonly LoadRoom[], style: ChatterStyle) {
    this.label = label;
    this.#style = style;
    this.#padding = "x".repeat(style.padding);
    for (const room of rooms) {
      const sender = room.sender(label);
      const receiver = room.check.addReceiver(label, "first");
      this.#places.set(room.name, { room, sender, receiver, cursor: 0, isCaughtUp: false });
    }
  }

  /** The connection of the moment. */
  get client(): ChatClient {
    if (this.#client === undefined) throw new Error(`${this.label} has never connected`);
    return this.#client;
  }

  /** Messages that are neither acknowledged nor heard. */
  get pending(): number {
    return this.#pending.size;
  }

  /** The last seq heard of a room. */
  cursor(room: LoadRoom): number {
    return this.#places.get(room.name)?.cursor ?? 0;
  }

  /** Connects and resumes. `true` once caught up in every room, `false` where the connection ended before. */
  async come(port: number): Promise<boolean> {
    this.#isLive = false;
    for (const place of this.#places.values()) place.isCaughtUp = false;
    let greetings = 0;
    const client = new ChatClient(port, (event) => {
      if (event._et !== "login_successful") this.#take(event);
      else if (greetings++ === 0) client.send({ _ct: "hello", v: 1, s: this.#session });
      else this.#greeted(event);
    });
    this.#client = client;
    const cameBack = new Promise<void>((resolve) => {
      this.#cameBack = resolve;
    });
    await Promise.race([cameBack, client.ended]);
    return this.#isLive;
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
    this.#pending.set(key, { place, number, text });
    this.#send(key, place, text);
  }

  #send(key: string, place: Place, text: string): void {
    this.client.send({ _ct: "send_message", r: place.room.name, c: text, k: key });
  }

  #greeted({ u, s }: ChatEvent): void {
    if (this.#session !== undefined && (s !== this.#session || u !== this.#user)) {
      this.faults.push(`came back as ${u}, was ${this.#user}`);
    }
    this.#session = s;
    this.#user = u;
    for (const { room, cursor } of this.#places.values()) {
      this.client.send({ _ct: "join_room", r: room.name, after: cursor });
    }
  }

  #take(event: ChatEvent): void {
    if (event._et === "user_message") this.#message(event);
    else if (event._et === "ack") this.#ack(event);
    else if (event._et === "caught_up") this.#caughtUp(event);
    else if (event._et === "error") this.#error(event);
    else if (event._et === "reset") this.faults.push(`${event.r} was reset to ${event.oldest}`);
    this.#pump();
  }

  #message({ r, u, c, q, k }: ChatEvent): void {
    const place = this.#places.get(r ?? "");
    if (place === undefined || q === undefined || c === undefined) {
      this.faults.push(`a message without room, seq or text: ${r}, ${q}`);
      return;
    }
    const [label = "", number = "", sentAt = ""] = c.split(" ", 3);
    place.room.check.saw(place.receiver, place.room.sender(label), Number(number), q);
    place.cursor = q;
    this.heard += 1;
    this.onMessage?.(Number(sentAt));
    if (u === this.#user && k !== undefined) this.#pending.delete(k);
  }

  #ack({ k = "", i = "", q = 0 }: ChatEvent): void {
    const pending = this.#pending.get(k);
    if (pending === undefined) {
      this.faults.push(`an ack for ${k}, which waits for none`);
      return;
    }
    const { place, number } = pending;
    place.room.check.acknowledged(place.sender, number);
    place.room.acknowledged.set(k, { id: i, seq: q });
    this.#pending.delete(k);
  }

  #caughtUp({ r }: ChatEvent): void {
    const place = this.#places.get(r ?? "");
    if (place === undefined) return;
    place.isCaughtUp = true;
    if ([...this.#places.values()].some(({ isCaughtUp }) => !isCaughtUp)) return;
    // All that the server kept has come back; the rest never reached it.
    for (const [key, pending] of this.#pending) this.#send(key, pending.place, pending.text);
    this.#isLive = true;
    this.#cameBack?.();
  }

  #error({ code = "", k, r }: ChatEvent): void {
    if (["going_away", "not_sent", "unknown", "overloaded", "slow"].includes(code)) this.refusals.push(code);
    else this.faults.push(`${code} for ${k ?? r}`);
  }

  #pump(): void {
    while (this.#isLive && !this.#isQuiet && !this.client.hasEnded && this.#pending.size < this.#style.window) {
      this.say(this.#style.dice.one([...this.#places.values()]).room);
    }
  }
}
