/**
 * Stage 5: rooms → sessions → outbox. Takes what the tail projected and hands it to everybody who follows the room:
 * encoded once, pushed once a session however many records a batch has (FAN-3).
 */
import { ack } from "../../protocol/events.ts";
import { LINE_END } from "../../protocol/framing.ts";
import type { RosterChange } from "../projector/roster.ts";
import type { DroppedRecord } from "../projector/sequencer.ts";
import type { ProjectedBatch } from "../projector/tail.ts";
import type { StoredRecord, Uuid } from "../record.ts";
import { EventEncoder } from "./event-encoder.ts";
import { type EventRun, lineStart } from "./event-run.ts";
import type { Following } from "./following.ts";
import type { PendingAcks, WaitingCaller } from "./pending-acks.ts";
import type { Room } from "./room.ts";
import type { Session } from "./session.ts";

/** UTF-16 units become at most so many bytes of UTF-8 each. */
const BYTES_PER_UNIT_MAX = 3;

/** An answer that belongs right before the event of its own record. */
interface OwnAck {
  /** Index of the record in the run. */
  readonly index: number;
  readonly text: string;
}

/** A run that is being put together while a batch is walked. */
interface Draft {
  readonly room: Room;
  readonly first: StoredRecord;
  last: StoredRecord;
  lines: string;
  count: number;
  messagesOnly: boolean;
  acks: Map<Session, OwnAck[]> | undefined;
  /** Requests that wait for a record of the run. */
  callers: { readonly caller: WaitingCaller; readonly stored: StoredRecord }[];
}

/** The rooms of this node, and the way of a batch to their sessions. */
export class Hub {
  readonly #byId = new Map<Uuid, Room>();
  readonly #byName = new Map<string, Room>();
  readonly #acks: PendingAcks;
  readonly #encoder = new EventEncoder();
  #scratch = Buffer.allocUnsafeSlow(64 * 1024);

  constructor(acks: PendingAcks) {
    this.#acks = acks;
  }

  /** Opens a room. */
  addRoom(room: Room): void {
    this.#byId.set(room.id, room);
    this.#byName.set(room.name, room);
  }

  /** The room of an id; `undefined` where it is closed or unknown. */
  roomById(id: Uuid): Room | undefined {
    return this.#byId.get(id);
  }

  /** The room of a name on the wire. */
  roomByName(name: string): Room | undefined {
    return this.#byName.get(name);
  }

  /** All rooms, in the order of opening. */
  rooms(): Iterable<Room> {
    return this.#byId.values();
  }

  /** Tells a batch to everybody who follows its rooms, and gives the answers that waited for it. */
  deliver(batch: ProjectedBatch): void {
    const cuts = cutsOf(batch.changes);
    const drafts = new Map<Room, Draft>();
    for (const stored of batch.records) {
      const room = this.#byId.get(stored.record.room);
      // A room that is not in the file any more: its log is kept, nobody follows it.
      if (room === undefined) continue;
      const draft = this.#draft(drafts, room, stored);
      if (this.#acks.size > 0) this.#ownAck(draft, stored);
      draft.lines += this.#encoder.encode(room.json, stored) + LINE_END;
      draft.last = stored;
      draft.count += 1;
      draft.messagesOnly &&= stored.record.kind === "message";
    }
    for (const draft of drafts.values()) this.#publish(draft, cuts?.get(draft.room.id));
    for (const dropped of batch.dropped) this.#answerRepeat(dropped);
  }

  /**
   * Moves the heads over a batch that the store has already, at the start, when nobody follows yet: who asks for it
   * reads it there, without what retention removed. To make its events would cost a third of a long start.
   */
  passOver(batch: ProjectedBatch): void {
    for (const { record, seq, n, position } of batch.records) {
      const room = this.#byId.get(record.room);
      if (room === undefined) continue;
      room.head = seq;
      room.n = n;
      room.end = position + 1;
    }
  }

  /** Some lines as bytes, in memory that the next call uses again: one piece for each room of each batch is much to collect. */
  #encode(lines: string): Buffer {
    const bytesMax = lines.length * BYTES_PER_UNIT_MAX;
    if (bytesMax > this.#scratch.length) this.#scratch = Buffer.allocUnsafeSlow(bytesMax);
    return this.#scratch.subarray(0, this.#scratch.write(lines));
  }

  #draft(drafts: Map<Room, Draft>, room: Room, stored: StoredRecord): Draft {
    let draft = drafts.get(room);
    if (draft === undefined) {
      draft = {
        room,
        first: stored,
        last: stored,
        lines: "",
        count: 0,
        messagesOnly: true,
        acks: undefined,
        callers: [],
      };
      drafts.set(room, draft);
    }
    return draft;
  }

  #ownAck(draft: Draft, stored: StoredRecord): void {
    const waiting = this.#acks.take(stored.record.id);
    if (waiting === undefined) return;
    if (!("session" in waiting)) {
      draft.callers.push({ caller: waiting, stored });
      return;
    }
    draft.acks ??= new Map();
    const own = draft.acks.get(waiting.session) ?? [];
    own.push({ index: draft.count, text: ack(waiting.key, stored.record.id, stored.seq) });
    draft.acks.set(waiting.session, own);
  }

  #publish(draft: Draft, cuts: Cuts | undefined): void {
    const { room, first, last, messagesOnly, acks, callers } = draft;
    const lines = this.#encode(draft.lines);
    const run = room.recent.add({ first: first.seq, last: last.seq, lines, messagesOnly }, last.position);
    room.head = run.last;
    room.n = last.n;
    room.end = last.position + 1;
    for (const following of room.followers) {
      if (cuts !== undefined) following.endAfter(cuts.get(following.session.user.id));
      const own = acks?.get(following.session);
      if (own !== undefined) {
        tellWithAcks(following, run, own);
        acks?.delete(following.session);
      } else if (following.live) {
        const part = following.mayHear(run);
        if (part !== undefined) following.session.tellRun(following, part);
      }
    }
    for (const { caller, stored } of callers) caller.accepted(stored);
    if (acks === undefined) return;
    // Whoever left the room meanwhile still gets the answer.
    for (const [session, own] of acks) for (const { text } of own) session.answer(text);
  }

  #answerRepeat({ record, first }: DroppedRecord): void {
    const waiting = this.#acks.take(record.id);
    if (waiting === undefined) return;
    if (!("session" in waiting)) {
      waiting.repeated(first);
      return;
    }
    const { session, key, roomName } = waiting;
    if (first.sameContent) session.answer(ack(key, first.id, first.seq));
    else session.refuse("key_reused", `the key ${key} was used for other content`, roomName, key);
  }
}

/** Tells a run to a sender in it: each answer right before the message's own event (CMD-1). */
function tellWithAcks(following: Following, run: EventRun, own: readonly OwnAck[]): void {
  const { session } = following;
  let at = 0;
  let index = 0;
  for (const answer of own) {
    const end = at + lineStart(run.lines.subarray(at), answer.index - index);
    tellPart(following, run, index, answer.index, run.lines.subarray(at, end));
    session.answer(answer.text);
    at = end;
    index = answer.index;
  }
  tellPart(following, run, index, run.last - run.first + 1, run.lines.subarray(at));
}

/** Tells the lines of a run from record `index` to before `end`, where the session is still live. */
function tellPart(following: Following, run: EventRun, index: number, end: number, lines: Buffer): void {
  if (end === index || !following.live) return;
  const { messagesOnly } = run;
  const part = following.mayHear({ first: run.first + index, last: run.first + end - 1, lines, messagesOnly });
  if (part !== undefined) following.session.tellRun(following, part);
}

/** User → the seq of the record that removed them: the last that they are told. */
type Cuts = ReadonlyMap<Uuid, number>;

/** Room → who was removed from it; `undefined` where nobody was, as nearly always. */
function cutsOf(changes: readonly RosterChange[]): ReadonlyMap<Uuid, Cuts> | undefined {
  if (changes.length === 0) return undefined;
  const rooms = new Map<Uuid, Map<Uuid, number>>();
  for (const change of changes) {
    if (change.type !== "removed") continue;
    const cuts = rooms.get(change.roster.id) ?? new Map<Uuid, number>();
    rooms.set(change.roster.id, cuts);
    // The first time counts, should they have been added and removed again: whoever comes back follows anew.
    if (!cuts.has(change.member.id)) cuts.set(change.member.id, change.seq);
  }
  return rooms;
}
