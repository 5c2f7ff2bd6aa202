/**
 * Test support: a room of the model server: its records, the keys it knows, and what retention has left.
 */

/** A record as the model keeps it. */
export interface ModelRecord {
  readonly room: string;
  readonly seq: number;
  readonly id: string;
  readonly user: string;
  readonly text: string;
  readonly key: string | undefined;
  readonly kind: "message" | "member_added";
}

/** A record as its event. */
export function encodeRecord({ room, seq, id, user, text, key, kind }: ModelRecord): string {
  const t = new Date(1_800_000_000_000 + seq).toISOString();
  return kind === "message"
    ? JSON.stringify({ _et: "user_message", r: room, u: user, c: text, i: id, q: seq, t, k: key })
    : JSON.stringify({ _et: "room_change", r: room, q: seq, t, e: kind, u: user, by: "other" });
}

/** One room. */
export class ModelRoom {
  readonly name: string;
  /** All that ever happened, by seq - 1. */
  log: ModelRecord[] = [];
  /** The oldest seq that is left. */
  floor = 1;
  /** Who may do nothing here, and with which code that is refused. */
  readonly refuses = new Map<string, string>();
  readonly #keys = new Map<string, ModelRecord>();
  readonly #waiting: (() => void)[] = [];
  #isBusy = false;

  constructor(name: string) {
    this.name = name;
  }

  get head(): number {
    return this.log.length;
  }

  range(from: number, to: number): readonly ModelRecord[] {
    return this.log.slice(Math.max(from, this.floor) - 1, Math.max(to, 0));
  }

  withKey(user: string, key: string | undefined): ModelRecord | undefined {
    return key === undefined ? undefined : this.#keys.get(`${user} ${key}`);
  }

  add(said: Omit<ModelRecord, "seq" | "id" | "room">): ModelRecord {
    const record = { ...said, room: this.name, seq: this.head + 1, id: `${this.name} ${this.head + 1}` };
    this.log.push(record);
    if (said.key !== undefined) this.#keys.set(`${said.user} ${said.key}`, record);
    return record;
  }

  /** The server has lost everything. */
  lose(): void {
    this.log = [];
    this.floor = 1;
    this.#keys.clear();
  }

  /** Posts are kept one after another, in the order in which they came. */
  queue(work: () => void): void {
    this.#waiting.push(work);
    if (!this.#isBusy) this.next();
  }

  /** The one before is done. */
  next(): void {
    const work = this.#waiting.shift();
    this.#isBusy = work !== undefined;
    work?.();
  }
}
