/**
 * Stage 2 → 3: what sessions post becomes records, and all that one turn of the event loop brought goes to the log in
 * one append for each partition: no promise and no timer for each message. A failed append is told to each sender.
 */
import { ANSWER_WITHIN_MS } from "../../protocol/limits.ts";
import type { User } from "../auth/user.ts";
import type { Clock } from "../clock.ts";
import { fail, type PendingAcks, type WaitingCaller } from "../fanout/pending-acks.ts";
import type { Session } from "../fanout/session.ts";
import { AppendError, type AppendFailure, type MessageLog } from "../log/message-log.ts";
import { partitionOf } from "../partition.ts";
import { ENVELOPE_VERSION, type KINDS, type LogRecord, type Uuid } from "../record.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { IdMaker } from "../uuid.ts";

/** More than any record's envelope takes in the log, in bytes. */
const ENVELOPE_BYTES_MAX = 1024;
/** UTF-16 units become at most so many bytes of UTF-8 each. */
const BYTES_PER_UNIT_MAX = 3;

/** What the sender reads, for each way to fail. */
const FAILURE_TEXT: Readonly<Record<AppendFailure, string>> = {
  not_sent: "the message could not be written and will never appear; try again",
  unknown: "the message may or may not appear; a retry with the same key is safe",
  overloaded: "too much is waiting to be written; the message will never appear; try again after 1 s",
};

/** What somebody says or does in a room. */
export interface Post {
  readonly kind: (typeof KINDS)[number];
  readonly room: { readonly id: Uuid; readonly name: string };
  readonly sender: User;
  /** JSON text. */
  readonly body: string;
  readonly key: string | undefined;
}

/** Records of one partition that wait for the end of the turn, and who sent each. */
interface Turn {
  records: LogRecord[];
  /** The session that is told of a failure; `undefined` where a caller waits. */
  senders: (Session | undefined)[];
  roomNames: string[];
  messages: number;
  bytes: number;
  /** Whether one of them is a request's, whose sender does nothing more before the answer. */
  isAwaited: boolean;
}

const emptyTurn = (): Turn => ({ records: [], senders: [], roomNames: [], messages: 0, bytes: 0, isAwaited: false });

/** Appends what sessions and requests post. */
export class Appender {
  readonly #log: MessageLog;
  readonly #acks: PendingAcks;
  readonly #ids: IdMaker;
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  readonly #appendBytesMax: number;
  readonly #turns: Turn[];
  readonly #inFlight = new Set<Promise<void>>();
  #scheduled = false;

  constructor(options: {
    log: MessageLog;
    acks: PendingAcks;
    ids: IdMaker;
    clock: Clock;
    telemetry: Telemetry;
    appendBytesMax: number;
  }) {
    this.#log = options.log;
    this.#acks = options.acks;
    this.#ids = options.ids;
    this.#clock = options.clock;
    this.#telemetry = options.telemetry;
    this.#appendBytesMax = options.appendBytesMax;
    this.#turns = Array.from({ length: options.log.partitions }, emptyTurn);
  }

  /** Posts one message of a session. With a key it is answered by `ack`; a failure it is told either way. */
  post(session: Session, room: Post["room"], body: string, key: string | undefined): void {
    const id = this.#append("message", room, session.user, body, key, session);
    if (key !== undefined) this.#acks.expect(id, { session, key, roomName: room.name }, this.#clock.monotonic());
  }

  /** Posts what a request brought: `caller` gets the answer. */
  request({ kind, room, sender, body, key }: Post, caller: WaitingCaller): void {
    this.#acks.expect(this.#append(kind, room, sender, body, key, undefined), caller, this.#clock.monotonic());
  }

  /** Resolves once everything that was posted so far is durable, or its senders know that it is not. */
  async settled(): Promise<void> {
    this.#endTurn();
    await Promise.all(this.#inFlight);
  }

  /** Answers those whose record the tail has not passed in time: it may still appear. Called once a second. */
  sweep(): void {
    for (const late of this.#acks.takeOlderThan(this.#clock.monotonic() - ANSWER_WITHIN_MS - 2000)) {
      fail(late, "unknown", FAILURE_TEXT.unknown);
    }
  }

  /** Adds a record to this turn's append and gives its id. */
  #append(
    kind: Post["kind"],
    room: Post["room"],
    sender: User,
    body: string,
    key: string | undefined,
    session: Session | undefined,
  ): Uuid {
    const id = this.#ids.make();
    const record: LogRecord = {
      version: ENVELOPE_VERSION,
      kind,
      room: room.id,
      id,
      sender: sender.id,
      senderName: sender.name,
      key,
      time: this.#clock.now(),
      body,
    };
    const partition = partitionOf(room.id, this.#turns.length);
    const bytes = body.length * BYTES_PER_UNIT_MAX + ENVELOPE_BYTES_MAX;
    let turn = this.#turns[partition];
    if (turn === undefined) throw new RangeError(`there is no partition ${partition}`);
    if (turn.bytes + bytes > this.#appendBytesMax) {
      this.#write(partition);
      turn = this.#turns[partition] ?? turn;
    }
    turn.records.push(record);
    turn.senders.push(session);
    turn.roomNames.push(room.name);
    turn.bytes += bytes;
    if (kind === "message") {
      turn.messages += 1;
      this.#telemetry.messageTaken(id);
    }
    if (session === undefined) turn.isAwaited = true;
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.#clock.endOfTurn(() => this.#endTurn());
    }
    return id;
  }

  #endTurn(): void {
    this.#scheduled = false;
    for (let partition = 0; partition < this.#turns.length; partition++) this.#write(partition);
  }

  #write(partition: number): void {
    const turn = this.#turns[partition];
    if (turn === undefined || turn.records.length === 0) return;
    this.#turns[partition] = emptyTurn();
    const appended = this.#log.append(partition, turn.records, turn.isAwaited).then(
      () => this.#telemetry.messagesAccepted(turn.messages, turn.records),
      (error: unknown) => this.#failed(turn, error),
    );
    this.#inFlight.add(appended);
    void appended.finally(() => this.#inFlight.delete(appended));
  }

  #failed(turn: Turn, error: unknown): void {
    // Whatever else a log may throw, the record could be in it.
    const failure = error instanceof AppendError ? error.failure : "unknown";
    this.#telemetry.appendFailed(failure, turn.records, error);
    turn.records.forEach((record, index) => {
      const waiting = this.#acks.take(record.id);
      if (waiting !== undefined) fail(waiting, failure, FAILURE_TEXT[failure]);
      else turn.senders[index]?.refuse(failure, FAILURE_TEXT[failure], turn.roomNames[index], record.key);
    });
  }
}
