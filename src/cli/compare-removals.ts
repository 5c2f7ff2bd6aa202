/**
 * The command line: texts that were taken away. The store must have lost the text of a message exactly where the log
 * holds a `message_removed` of it. Reads only, through the port.
 */
import { REMOVED_BODY, type Uuid } from "../server/record.ts";
import type { MessageStore, Removal } from "../server/store/message-store.ts";
import type { Findings } from "./findings.ts";

/** Messages, by room and seq. */
class Messages {
  readonly #rooms = new Map<Uuid, Set<number>>();

  add({ room, seq }: Removal): void {
    const seqs = this.#rooms.get(room) ?? new Set();
    this.#rooms.set(room, seqs.add(seq));
  }

  has({ room, seq }: Removal): boolean {
    return this.#rooms.get(room)?.has(seq) ?? false;
  }

  *all(): Iterable<Removal> {
    for (const [room, seqs] of this.#rooms) for (const seq of seqs) yield { room, seq };
  }
}

/** Removals of the log beside rows without a text. */
export class ComparedRemovals {
  readonly #removed = new Messages();
  readonly #blank = new Messages();

  /** The store has no text of a message that the log has one of. */
  isBlank(message: Removal): void {
    this.#blank.add(message);
  }

  /** The log takes the text of a message away, below the store's checkpoint. */
  isRemoved(removal: Removal): void {
    this.#removed.add(removal);
  }

  /**
   * Finds texts that are gone without a removal, and such as are still there. `later` are the removals beyond the
   * checkpoint, asked for only where one is missing: the store may have had them from a running server meanwhile, or from
   * a log that lost its end since.
   */
  async settle(store: MessageStore, later: () => AsyncIterable<Removal>, findings: Findings): Promise<void> {
    for (const removal of this.#removed.all()) {
      if (!this.#blank.has(removal) && (await hasText(store, removal))) {
        findings.add(`store: room ${removal.room}, seq ${removal.seq} still has the text that the log takes away`);
      }
    }
    const isUnexplained = (message: Removal): boolean => !this.#removed.has(message);
    if (![...this.#blank.all()].some(isUnexplained)) return;
    for await (const removal of later()) this.#removed.add(removal);
    for (const message of this.#blank.all()) {
      if (!isUnexplained(message)) continue;
      findings.add(`store: room ${message.room}, seq ${message.seq} has lost its text, and nothing in the log took it`);
    }
  }
}

/** Whether a message stands in the store with its text. */
async function hasText(store: MessageStore, { room, seq }: Removal): Promise<boolean> {
  // What can't be read was found when the room was walked through.
  const rows = await store.range(room, seq, seq, { records: 1, bytes: 1 }).catch(() => []);
  return rows.some(({ record: { kind, body } }) => kind === "message" && body !== REMOVED_BODY);
}
