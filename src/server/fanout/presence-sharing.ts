/**
 * Stage 5: tells the other nodes who is present by this one's sessions, and keeps what each of them last said of its own.
 * Over signals, which get lost: changes are numbered, each heartbeat carries the last number and a hash of the whole, and
 * whoever finds that they lack something asks for all of it. A node that is not alive counts for nothing.
 */

import type { Clock, Timer } from "../clock.ts";
import type { Nodes } from "../cluster/nodes.ts";
import { nameKey } from "../name-key.ts";
import type { Uuid } from "../record.ts";
import type { PresenceMark, PresentSignal, Signal, Signals } from "../signals/signals.ts";
import { PresenceBook } from "./presence-book.ts";

/** People in one signal, at the most: some 50 KB. */
export const PRESENT_PER_SIGNAL_MAX = 500;
/** A node is asked for the whole so often at the most, in milliseconds. */
const ASK_EVERY_MS = 1000;
/** Whoever else asks within so long gets the same answer, in milliseconds. */
const ANSWER_AFTER_MS = 50;
/** From one answer to the next, in milliseconds. */
const ANSWER_EVERY_MS = 500;

/** What is told of the people of other nodes. */
export interface PresenceHearer {
  came(room: Uuid, user: Uuid, name: string, node: string): void;
  left(room: Uuid, user: Uuid, name: string, node: string): void;
}

/** A whole of which not all parts have come. */
interface Arriving {
  readonly mark: PresenceMark;
  readonly present: PresentSignal[];
  /** The next part. */
  next: number;
}

/** What another node said. */
interface Other {
  readonly book: PresenceBook;
  arriving: Arriving | undefined;
  /** When it was asked for the whole, in milliseconds of the monotonic clock. */
  askedAt: number;
}

/** The presence of a node among the others. */
export class PresenceSharing {
  readonly #node: string;
  readonly #nodes: Nodes;
  readonly #signals: Signals;
  readonly #clock: Clock;
  readonly #hearer: PresenceHearer;
  readonly #ends: readonly (() => void)[];
  /** What the others have been told, or would have been. */
  readonly #own = new PresenceBook();
  /** What has changed in this turn: the name of who is there now, `undefined` of who is not. */
  #changes = new Map<Uuid, Map<Uuid, string | undefined>>();
  readonly #others = new Map<string, Other>();
  /** Name → in how many rooms and by how many other nodes somebody of that name is present. */
  readonly #names = new Map<string, number>();
  #answer: Timer | undefined;
  #answeredAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(options: { node: string; nodes: Nodes; signals: Signals; clock: Clock; hearer: PresenceHearer }) {
    this.#node = options.node;
    this.#nodes = options.nodes;
    this.#signals = options.signals;
    this.#clock = options.clock;
    this.#hearer = options.hearer;
    options.nodes.carry(() => this.#own.mark);
    this.#ends = [
      options.nodes.onChange(() => this.#dropSilent()),
      options.signals.subscribe((signal) => this.#heard(signal)),
    ];
  }

  /** Somebody's first session of this node is in a room. */
  came(room: Uuid, user: Uuid, name: string): void {
    this.#change(room, user, name);
  }

  /** Somebody's last session of this node is not in a room any more. */
  left(room: Uuid, user: Uuid): void {
    this.#change(room, user, undefined);
  }

  /** Who is in a room by other nodes: node, user and name. */
  *elsewhere(room: Uuid): Generator<readonly [node: string, user: Uuid, name: string]> {
    for (const [node, { book }] of this.#others) for (const [user, name] of book.in(room)) yield [node, user, name];
  }

  /** Whether somebody of a name is present by another node, without regard to case. */
  isNameElsewhere(name: string): boolean {
    return this.#names.has(nameKey(name));
  }

  /** Tells that nobody is present by this node any more, and hears no more. */
  close(): void {
    this.#closed = true;
    for (const end of this.#ends) end();
    this.#answer?.cancel();
    for (const [room, user] of [...this.#own.all()]) this.#own.remove(room, user);
    this.#own.number += 1;
    this.#tellAll();
  }

  #change(room: Uuid, user: Uuid, name: string | undefined): void {
    if (this.#closed) return;
    if (this.#changes.size === 0) this.#clock.endOfTurn(() => this.#tellChanges());
    const changes = this.#changes.get(room) ?? new Map<Uuid, string | undefined>();
    this.#changes.set(room, changes.set(user, name));
  }

  /** What has changed since the last time, as one signal where it is not too much. */
  #tellChanges(): void {
    if (this.#closed) return;
    let came: PresentSignal[] = [];
    let left: (readonly [Uuid, Uuid])[] = [];
    const tell = (): void => {
      this.#own.number += 1;
      // Nobody hears it; whoever comes asks for the whole.
      if (this.#nodes.alive().length > 1) {
        this.#signals.publish({ type: "presence", node: this.#node, number: this.#own.number, came, left });
      }
      came = [];
      left = [];
    };
    const changes = this.#changes;
    this.#changes = new Map();
    for (const [room, people] of changes) {
      for (const [user, name] of people) {
        if (name === undefined) {
          if (this.#own.remove(room, user) !== undefined) left.push([room, user]);
        } else if (this.#own.add(room, user, name)) came.push([room, user, name]);
        if (came.length + left.length >= PRESENT_PER_SIGNAL_MAX) tell();
      }
    }
    if (came.length + left.length > 0) tell();
  }

  #tellAll(): void {
    const all = [...this.#own.all()];
    const { mark } = this.#own;
    const parts = Math.max(1, Math.ceil(all.length / PRESENT_PER_SIGNAL_MAX));
    for (let part = 0; part < parts; part++) {
      const from = part * PRESENT_PER_SIGNAL_MAX;
      const present = all.slice(from, from + PRESENT_PER_SIGNAL_MAX);
      this.#signals.publish({ type: "presence_all", node: this.#node, mark, part, parts, present });
    }
  }

  #heard(signal: Signal): void {
    const { node } = signal;
    // What a node said that is not alive would stay for ever, and who it is will be heard of by its heartbeats.
    if (node === this.#node || !this.#nodes.alive().includes(node)) return;
    if (signal.type === "heartbeat") this.#compare(node, signal.presence);
    else if (signal.type === "presence") this.#apply(signal);
    else if (signal.type === "presence_all") this.#arrive(signal);
    else if (signal.type === "presence_ask" && signal.of === this.#node) this.#answerSoon();
  }

  #other(node: string): Other {
    const other = this.#others.get(node) ?? {
      book: new PresenceBook(),
      arriving: undefined,
      askedAt: Number.NEGATIVE_INFINITY,
    };
    this.#others.set(node, other);
    return other;
  }

  /** Asks where something was lost. A mark that lags behind came late itself. */
  #compare(node: string, mark: PresenceMark): void {
    const other = this.#other(node);
    const { number, hash } = other.book.mark;
    if (mark.number < number || mark.number === 0) return;
    if (mark.number > number || mark.hash !== hash) this.#ask(node, other);
  }

  #ask(node: string, other: Other): void {
    const now = this.#clock.monotonic();
    if (now - other.askedAt < ASK_EVERY_MS) return;
    other.askedAt = now;
    this.#signals.publish({ type: "presence_ask", node: this.#node, of: node });
  }

  #apply({ node, number, came, left }: Signal & { type: "presence" }): void {
    const other = this.#other(node);
    const { book } = other;
    // Heard before, or part of a whole that was.
    if (number <= book.number) return;
    if (number > book.number + 1) {
      this.#ask(node, other);
      return;
    }
    book.number = number;
    for (const [room, user, name] of came) this.#came(node, book, room, user, name);
    for (const [room, user] of left) this.#left(node, book, room, user);
  }

  #arrive({ node, mark, part, parts, present }: Signal & { type: "presence_all" }): void {
    const other = this.#other(node);
    const { book } = other;
    if (mark.number < book.number || (mark.number === book.number && mark.hash === book.mark.hash)) return;
    if (part === 0 && (other.arriving === undefined || mark.number > other.arriving.mark.number)) {
      other.arriving = { mark, present: [], next: 0 };
    }
    const { arriving } = other;
    if (arriving === undefined || mark.number !== arriving.mark.number || part < arriving.next) return;
    if (part > arriving.next) {
      // One was lost. The next heartbeat asks again.
      other.arriving = undefined;
      return;
    }
    arriving.next += 1;
    arriving.present.push(...present);
    if (arriving.next < parts) return;
    other.arriving = undefined;
    this.#replace(node, book, arriving);
  }

  #replace(node: string, book: PresenceBook, { mark, present }: Arriving): void {
    const whole = new Set(present.map(([room, user]) => `${room}${user}`));
    for (const [room, user] of [...book.all()]) if (!whole.has(`${room}${user}`)) this.#left(node, book, room, user);
    for (const [room, user, name] of present) this.#came(node, book, room, user, name);
    book.number = mark.number;
  }

  #came(node: string, book: PresenceBook, room: Uuid, user: Uuid, name: string): void {
    if (!book.add(room, user, name)) return;
    const key = nameKey(name);
    this.#names.set(key, (this.#names.get(key) ?? 0) + 1);
    this.#hearer.came(room, user, name, node);
  }

  #left(node: string, book: PresenceBook, room: Uuid, user: Uuid): void {
    const name = book.remove(room, user);
    if (name === undefined) return;
    const key = nameKey(name);
    const count = (this.#names.get(key) ?? 1) - 1;
    if (count === 0) this.#names.delete(key);
    else this.#names.set(key, count);
    this.#hearer.left(room, user, name, node);
  }

  #answerSoon(): void {
    if (this.#answer !== undefined) return;
    const restMs = this.#answeredAt + ANSWER_EVERY_MS - this.#clock.monotonic();
    this.#answer = this.#clock.after(Math.max(ANSWER_AFTER_MS, restMs), () => {
      this.#answer = undefined;
      this.#answeredAt = this.#clock.monotonic();
      this.#tellAll();
    });
  }

  /** Of a node that is silent or gone nobody is present. */
  #dropSilent(): void {
    const alive = new Set(this.#nodes.alive());
    for (const [node, { book }] of this.#others) {
      if (alive.has(node)) continue;
      this.#others.delete(node);
      for (const [room, user] of [...book.all()]) this.#left(node, book, room, user);
    }
  }
}
