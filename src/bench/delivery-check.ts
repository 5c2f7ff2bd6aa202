/**
 * Load tool and tests, the check: did every receiver of a room see every message once, all in one order? Fed with what
 * was sent, acknowledged and seen, in O(1) a delivery; holds one number per receiver and sender plus a window of the
 * messages that not every receiver has seen yet. Touches nothing but its own memory.
 */
import { FindingLog, type Findings } from "./findings.ts";
import { MessagePlaces } from "./message-places.ts";

/**
 * Which messages are due to a receiver: all that were `sent`, or those that were `acknowledged` (a server that was
 * killed may have kept the others or not).
 */
export type Due = "sent" | "acknowledged";

/** Where a receiver's duty begins: with what is sent from `now` on, or with the room's `first` message and seq. */
export type Since = "now" | "first";

/** Numbers `from` ≤ number < `to` of one sender, which one receiver has skipped. */
interface Gap {
  from: number;
  to: number;
}

interface Sender {
  readonly label: string;
  /** The last number sent. */
  sent: number;
  /** Numbers sent and not acknowledged; kept only where what is acknowledged is due. */
  readonly unacknowledged: Set<number> | undefined;
  /** Numbers that may stand behind later ones. */
  readonly late: Set<number>;
  /** Numbers of which the server has said that they will never appear. */
  readonly refused: Set<number>;
  readonly places: MessagePlaces;
}

interface Receiver {
  readonly label: string;
  /**
   * Per sender the next number: positive once something of that sender was seen; negative before, then the first
   * number that is due is `-next`, and an earlier one may come, sent before this receiver joined.
   */
  next: Int32Array;
  /** Place of the furthest message seen; -1 before the first. */
  place: number;
  /** Per sender what was skipped so far; only senders with gaps. */
  readonly gaps: Map<number, Gap[]>;
  left: boolean;
}

/** The check of one room. Senders and receivers are named by the numbers that `addSender`, `addReceiver` give. */
export class RoomCheck {
  readonly #room: string;
  readonly #due: Due;
  readonly #findings = new FindingLog();
  readonly #senders: Sender[] = [];
  readonly #receivers: Receiver[] = [];
  /** The place of the newest message that anybody has seen. */
  #head = 0;
  #deliveries = 0;

  constructor(room: string, due: Due) {
    this.#room = room;
    this.#due = due;
  }

  /** Messages of known senders that receivers saw, repeats included. */
  get deliveries(): number {
    return this.#deliveries;
  }

  /** Everything found so far; what is still on its way is not among it. */
  get found(): number {
    return this.#findings.total;
  }

  /** A new sender; its messages are numbered from 1. */
  addSender(label: string): number {
    const unacknowledged = this.#due === "acknowledged" ? new Set<number>() : undefined;
    const places = new MessagePlaces();
    return this.#senders.push({ label, sent: 0, unacknowledged, late: new Set(), refused: new Set(), places }) - 1;
  }

  /** A new receiver, whose duty begins as `since` says. */
  addReceiver(label: string, since: Since): number {
    const next = new Int32Array(this.#senders.length);
    if (since === "first") next.fill(1);
    else for (let slot = 0; slot < next.length; slot++) next[slot] = -((this.#senders[slot]?.sent ?? 0) + 1);
    const place = since === "first" ? 0 : -1;
    return this.#receivers.push({ label, next, place, gaps: new Map(), left: false }) - 1;
  }

  /** The receiver is due nothing any more. What it has skipped stays skipped. */
  removeReceiver(receiver: number): void {
    const state = this.#receivers[receiver];
    if (state !== undefined) state.left = true;
  }

  /** The furthest seq that a receiver has seen; 0 before the first, meaningless where the server gives no seqs. */
  cursor(receiver: number): number {
    return Math.max(0, this.#receivers[receiver]?.place ?? 0);
  }

  /** A message is being sent: returns its number. To be called before the bytes go out. */
  sent(sender: number): number {
    const state = this.#senders[sender] as Sender;
    state.sent++;
    state.unacknowledged?.add(state.sent);
    return state.sent;
  }

  /**
   * A message may take a later place than its number says: it is being sent once more, as after a lost connection, or it
   * was left open whether it will come.
   */
  mayComeLate(sender: number, number: number): void {
    this.#senders[sender]?.late.add(number);
  }

  /** The server has promised to keep a message, under a seq where it says one (else 0). */
  acknowledged(sender: number, number: number, seq = 0): void {
    const from = this.#senders[sender];
    from?.unacknowledged?.delete(number);
    if (from === undefined || seq <= 0) return;
    const place = this.#placeOf(from, sender, number);
    if (place === 0) from.places.set(number, seq);
    else if (place > 0 && place !== seq) {
      const text = () => `${this.#room}: message ${number} of ${from.label}: seq ${place}, was answered with ${seq}`;
      this.#findings.add("renumbered", 1, text);
    }
  }

  /** The server has said that it did not take a message and that it will never appear. */
  refused(sender: number, number: number): void {
    const from = this.#senders[sender];
    if (from === undefined) return;
    from.refused.add(number);
    if (this.#placeOf(from, sender, number) !== 0) {
      this.#findings.add("refused", 1, () => `${this.#room}: message ${number} of ${from.label}, seen before`);
    }
  }

  /** A receiver saw a message; `seq` is 0 where the server gives none. */
  saw(receiver: number, sender: number, number: number, seq: number): void {
    const from = this.#senders[sender];
    const to = this.#receivers[receiver] as Receiver;
    this.#deliveries++;
    if (from === undefined || number < 1 || number > from.sent) {
      this.#seqOnly(to, seq);
      const text = () => this.#text(to, from?.label ?? String(sender), number);
      this.#findings.add("never_sent", 1, text);
      return;
    }
    if (sender >= to.next.length) this.#learnSenders(to);
    if (from.refused.size > 0 && from.refused.has(number)) {
      this.#findings.add("refused", 1, () => this.#text(to, from.label, number));
    }
    const next = to.next[sender] as number;
    let late = false;
    if (next === number) {
      to.next[sender] = number + 1;
    } else {
      const expected = next < 0 ? -next : next;
      if (number >= expected) {
        if (number > expected) this.#skip(to, sender, expected, number);
        to.next[sender] = number + 1;
      } else if (next < 0) {
        to.next[sender] = number + 1;
      } else if (this.#fill(to, sender, number)) {
        late = !from.late.has(number);
      } else {
        this.#seqOnly(to, seq);
        this.#findings.add("duplicate", 1, () => this.#text(to, from.label, number));
        return;
      }
    }
    this.#order(to, from, sender, number, seq, late);
  }

  /** A receiver saw something else that has a seq: a message of somebody unknown, or what is no message. */
  sawOther(receiver: number, seq: number): void {
    const to = this.#receivers[receiver] as Receiver;
    if (seq > 0 && seq <= to.place) {
      this.#findings.add("duplicate", 1, () => `${this.#room}: ${to.label} saw seq ${seq} after ${to.place}`);
    }
    this.#seqOnly(to, seq);
  }

  /** How many deliveries are due and have not come: 0 once everything has arrived. */
  outstanding(): number {
    let count = 0;
    for (const receiver of this.#receivers) {
      if (receiver.left) continue;
      for (let slot = 0; slot < this.#senders.length; slot++) {
        for (const gap of this.#missing(receiver, slot)) count += this.#dueIn(slot, gap.from, gap.to).length;
      }
    }
    return count;
  }

  /** The verdict, with everything that is due and has not come as lost. May be asked for again later. */
  settle(): Findings {
    const verdict = this.#findings.fork();
    for (const receiver of this.#receivers) {
      for (let slot = 0; slot < this.#senders.length; slot++) {
        const label = this.#senders[slot]?.label ?? "";
        for (const gap of this.#missing(receiver, slot)) {
          const due = this.#dueIn(slot, gap.from, gap.to);
          if (due.length > 0) verdict.add("lost", due.length, () => this.#text(receiver, label, due.first));
        }
      }
    }
    return verdict.read();
  }

  /** One order for all: a message's place is its seq, or without seqs the rank at which it was first seen. */
  #order(to: Receiver, from: Sender, sender: number, number: number, seq: number, late: boolean): void {
    const places = from.places;
    let place = this.#placeOf(from, sender, number);
    if (place === 0) {
      // Whoever is not the furthest ahead and meets a message that nobody has seen meets it late: those ahead missed
      // it. It shares the place of what came before, so that one loss does not look like disorder for everyone else.
      if (seq > 0) place = seq;
      else place = to.place < 0 || to.place >= this.#head ? this.#head + 1 : Math.max(to.place, 1);
      if (place > this.#head) this.#head = place;
      places.set(number, place);
    } else if (seq > 0 && place > 0 && place !== seq) {
      this.#findings.add("renumbered", 1, () => `${this.#text(to, from.label, number)}: seq ${seq}, was ${place}`);
    }
    if (late || (place > 0 && place < to.place)) {
      this.#findings.add("misordered", 1, () => this.#text(to, from.label, number));
    }
    if (seq > 0) this.#seqOnly(to, seq);
    else if (place > to.place) to.place = place;
  }

  #placeOf({ places }: Sender, sender: number, number: number): number {
    if (!places.covers(number)) places.advance(number, () => this.#seenByAll(sender));
    return places.get(number);
  }

  #seqOnly(to: Receiver, seq: number): void {
    if (seq <= to.place || seq <= 0) return;
    const expected = to.place + 1;
    if (seq > expected && to.place >= 0) {
      const skipped = seq - expected;
      this.#findings.add("hole", skipped, () => `${this.#room}: ${to.label} saw seq ${seq}, ${expected} was next`);
    }
    to.place = seq;
  }

  #learnSenders(to: Receiver): void {
    // Senders that came after the receiver: it is due all of theirs.
    const next = new Int32Array(this.#senders.length).fill(1);
    next.set(to.next);
    to.next = next;
  }

  #skip(to: Receiver, sender: number, from: number, until: number): void {
    const gaps = to.gaps.get(sender);
    if (gaps === undefined) to.gaps.set(sender, [{ from, to: until }]);
    else gaps.push({ from, to: until });
  }

  /** Whether the number had been skipped; then it is no longer. */
  #fill(to: Receiver, sender: number, number: number): boolean {
    const gaps = to.gaps.get(sender);
    const index = gaps?.findIndex((gap) => gap.from <= number && number < gap.to) ?? -1;
    const gap = gaps?.[index];
    if (gaps === undefined || gap === undefined) return false;
    const rest = [
      { from: gap.from, to: number },
      { from: number + 1, to: gap.to },
    ];
    gaps.splice(index, 1, ...rest.filter((part) => part.from < part.to));
    return true;
  }

  /** What of a sender a receiver has not seen: the gaps, and the end unless it left. */
  *#missing(receiver: Receiver, slot: number): Generator<Gap> {
    yield* receiver.gaps.get(slot) ?? [];
    if (receiver.left) return;
    const next = Math.abs(receiver.next[slot] ?? 1);
    const sent = this.#senders[slot]?.sent ?? 0;
    if (next <= sent) yield { from: next, to: sent + 1 };
  }

  /** How many of these numbers are due, and the first of them. */
  #dueIn(slot: number, from: number, to: number): { length: number; first: number } {
    const unacknowledged = this.#senders[slot]?.unacknowledged;
    if (unacknowledged === undefined) return { length: to - from, first: from };
    let length = 0;
    let first = 0;
    for (let number = from; number < to; number++) {
      if (unacknowledged.has(number)) continue;
      if (length++ === 0) first = number;
    }
    return { length, first };
  }

  /** The lowest number of a sender that some receiver may still see. */
  #seenByAll(slot: number): number {
    let lowest = Number.MAX_SAFE_INTEGER;
    for (const receiver of this.#receivers) {
      if (!receiver.left) lowest = Math.min(lowest, Math.abs(receiver.next[slot] ?? 1));
    }
    return lowest;
  }

  #text(to: Receiver, sender: string, number: number): string {
    return `${this.#room}: ${to.label}, message ${number} of ${sender}`;
  }
}
