/**
 * Load tool, the books of one run: what was sent, seen and acknowledged, with the check of every room, the latencies
 * and the counts. Fed by the scanner; touches no socket and no clock.
 */
import { type Due, RoomCheck } from "./delivery-check.ts";
import type { EventSink, ScanPlan } from "./event-sink.ts";
import { FindingLog, type Findings } from "./findings.ts";
import { Latencies } from "./latency.ts";
import type { UserPlan } from "./load-plan.ts";
import { STREAMS_MAX } from "./message-layout.ts";

/** A stream: one user's messages to one room. */
export interface Stream {
  readonly id: number;
  readonly room: number;
}

/** What a connection has to do with the books. */
export interface LedgerUser {
  readonly index: number;
  /** Per room this user's number as a receiver there; -1 where it has not joined. */
  readonly receivers: Int32Array;
  /** Own messages that came back since the last look. */
  echoes: number;
  onEvent(type: string, event: Readonly<Record<string, unknown>>): void;
}

/** What the books are about. */
export interface LedgerPlan {
  readonly users: readonly Pick<UserPlan, "rooms" | "sends">[];
  readonly textBytes: number;
  /** Which messages have to arrive. */
  readonly due: Due;
  /** Whether the server's events may look as they like; see `ScanPlan`. */
  readonly anyLayout: boolean;
}

/** Error examples that are kept. */
const ERRORS_KEPT_MAX = 5;

/** The books. */
export class LoadLedger implements EventSink {
  /** Whose bytes are being scanned. */
  user: LedgerUser | undefined = undefined;
  /** When they were read, in µs since the run began. */
  nowMicros = 0;
  /** Latencies are taken of messages that were meant to be sent in this span, in µs since the run began. */
  measureFrom = Number.POSITIVE_INFINITY;
  measureTo = Number.POSITIVE_INFINITY;
  sent = 0;
  delivered = 0;
  acknowledgements = 0;
  /** Messages that were not ours. */
  others = 0;
  /** Errors by their code. */
  readonly errors = new Map<string, number>();
  readonly errorExamples: string[] = [];
  readonly latencies = new Latencies();
  readonly scan: ScanPlan;
  readonly #rooms: readonly RoomCheck[];
  readonly #roomIndexes: ReadonlyMap<string, number>;
  readonly #streamUsers: Int32Array;
  readonly #streamSenders: Int32Array;
  readonly #acknowledgedUpTo: Int32Array;
  readonly #userStreams: readonly (readonly Stream[])[];

  constructor(plan: LedgerPlan, run: string, roomNames: readonly string[]) {
    const streamCount = plan.users.reduce((sum, user) => sum + (user.sends ? user.rooms.length : 0), 0);
    if (streamCount > STREAMS_MAX) throw new Error(`At most ${STREAMS_MAX} users × rooms can send.`);
    const streamRooms = new Int32Array(streamCount);
    this.#streamUsers = new Int32Array(streamCount);
    this.#streamSenders = new Int32Array(streamCount);
    this.#acknowledgedUpTo = new Int32Array(streamCount);
    this.#rooms = roomNames.map((name) => new RoomCheck(name, plan.due));
    this.#roomIndexes = new Map(roomNames.map((name, index) => [name, index]));
    let id = 0;
    this.#userStreams = plan.users.map((user, index) =>
      (user.sends ? user.rooms : []).map((room) => {
        streamRooms[id] = room;
        this.#streamUsers[id] = index;
        this.#streamSenders[id] = this.#rooms[room]?.addSender(`user ${index}`) ?? -1;
        return { id: id++, room };
      }),
    );
    this.scan = { run, textBytes: plan.textBytes, rooms: roomNames, streamRooms, anyLayout: plan.anyLayout };
  }

  /** The streams of a user, in the order of its rooms. */
  streamsOf(user: number): readonly Stream[] {
    return this.#userStreams[user] ?? [];
  }

  /** The number for the next message of a stream, which is about to be sent. */
  sending(stream: Stream): number {
    this.sent++;
    return (this.#rooms[stream.room] as RoomCheck).sent(this.#streamSenders[stream.id] as number);
  }

  /** A message was taken, under this seq where the server says one (else 0). */
  accepted(stream: Stream, number: number, seq: number): void {
    this.acknowledgements++;
    this.#rooms[stream.room]?.acknowledged(this.#streamSenders[stream.id] as number, number, seq);
  }

  /** A message was not taken and will never appear. */
  refused(stream: Stream, number: number): void {
    this.#rooms[stream.room]?.refused(this.#streamSenders[stream.id] as number, number);
  }

  /** A user has joined a room: whatever is sent from now on is due to it. Whether it was new and ours. */
  joined(user: LedgerUser, roomName: string): boolean {
    const room = this.#roomIndexes.get(roomName);
    if (room === undefined || user.receivers[room] !== -1) return false;
    user.receivers[room] = (this.#rooms[room] as RoomCheck).addReceiver(`user ${user.index}`, "now");
    return true;
  }

  /** The furthest seq that a user has seen in a room; 0 before the first. */
  cursor(user: LedgerUser, room: number): number {
    return this.#rooms[room]?.cursor(user.receivers[room] as number) ?? 0;
  }

  /** A user's connection is gone: nothing more is due to it. */
  gone(user: LedgerUser): void {
    for (const [room, receiver] of user.receivers.entries()) {
      if (receiver >= 0) this.#rooms[room]?.removeReceiver(receiver);
    }
  }

  ownMessage(stream: number, number: number, micros: number, seq: number): void {
    const user = this.user as LedgerUser;
    const room = this.scan.streamRooms[stream] as number;
    const receiver = user.receivers[room] as number;
    this.delivered++;
    if (receiver < 0) {
      this.malformed(`a message in ${this.scan.rooms[room]}, which user ${user.index} has not joined`);
      return;
    }
    (this.#rooms[room] as RoomCheck).saw(receiver, this.#streamSenders[stream] as number, number, seq);
    if (this.#streamUsers[stream] === user.index) user.echoes++;
    if (micros >= this.measureFrom && micros < this.measureTo) this.latencies.record(this.nowMicros - micros);
  }

  otherMessage(roomName: string, seq: number): void {
    this.others++;
    const room = this.#roomIndexes.get(roomName);
    const receiver = room === undefined ? -1 : (this.user?.receivers[room] as number);
    if (room !== undefined && receiver >= 0) this.#rooms[room]?.sawOther(receiver, seq);
  }

  acknowledged(stream: number, number: number): void {
    this.acknowledgements++;
    // The acknowledgements of one stream come in its order, each once.
    const expected = (this.#acknowledgedUpTo[stream] ?? -1) + 1;
    if (number !== expected || this.#streamUsers[stream] !== this.user?.index) {
      this.error("ack_out_of_order", `stream ${stream}: ack of ${number} where ${expected} was next`);
    }
    if (expected > 0) this.#acknowledgedUpTo[stream] = Math.max(number, expected - 1);
  }

  event(type: string, event: Readonly<Record<string, unknown>>): void {
    if (type === "error") this.error(String(event.code), JSON.stringify(event));
    this.user?.onEvent(type, event);
  }

  malformed(line: string): void {
    this.error("malformed", line.slice(0, 300));
  }

  /** Counts something that should not have been. */
  error(code: string, text: string): void {
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
    if (this.errorExamples.length < ERRORS_KEPT_MAX) this.errorExamples.push(`${code}: ${text}`);
  }

  /** How many deliveries are due and have not come. */
  outstanding(): number {
    return this.#rooms.reduce((sum, room) => sum + room.outstanding(), 0);
  }

  /** Findings so far, those of what is still on its way left out. */
  get found(): number {
    return this.#rooms.reduce((sum, room) => sum + room.found, 0);
  }

  /** The verdict over all rooms. */
  settle(): Findings {
    const all = new FindingLog();
    for (const room of this.#rooms) all.merge(room.settle());
    return all.read();
  }
}
