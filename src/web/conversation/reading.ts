/**
 * The web client, conversation: how far its reader has read. Asks the server for their marker when the room is opened,
 * and moves it on while they look. It never fails aloud: a marker that did not move moves with the next message.
 */
import type { PageTime } from "./page-time.ts";

/** The call of the HTTP API that it needs; 0 moves nothing and answers where the marker stands. */
export interface ReadApi {
  markRead(room: string, seq: number): Promise<{ readonly seq: number; readonly unread: number }>;
}

/** How often the marker is moved at most, in milliseconds. */
const MARK_EVERY_MS = 1_500;

/** How often it is asked where the marker stands, where there is no answer. */
const ASKS_MAX = 3;

/** One room's marker. */
export class Reading {
  readonly #api: ReadApi;
  readonly #room: string;
  readonly #time: PageTime;
  #marked = 0;
  #seen = 0;
  /** Not before it is known where the marker stood. */
  #isBusy = true;
  #isAllowed = true;
  #isStopped = false;

  constructor(api: ReadApi, room: string, time: PageTime) {
    this.#api = api;
    this.#room = room;
    this.#time = time;
  }

  /** The seq of the last record that was read when the room was opened, where that is known and something is unread. */
  async unreadAfter(): Promise<number | undefined> {
    let marker: Awaited<ReturnType<ReadApi["markRead"]>> | undefined;
    for (let ask = 1; marker === undefined && ask <= ASKS_MAX && !this.#isStopped; ask++) {
      try {
        marker = await this.#api.markRead(this.#room, 0);
      } catch (error) {
        // A guest has no marker. A busy server may say where it stands a moment later.
        if (!mayHelp(error)) break;
        await this.#rest();
      }
    }
    this.#isBusy = false;
    void this.#mark();
    return marker !== undefined && marker.unread > 0 ? marker.seq : undefined;
  }

  /** Everything up to this seq was seen. */
  saw(seq: number): void {
    this.#seen = Math.max(this.#seen, seq);
    if (!this.#isBusy) void this.#mark();
  }

  /** Moves it nowhere any more. */
  stop(): void {
    this.#isStopped = true;
  }

  async #mark(): Promise<void> {
    this.#isBusy = true;
    while (this.#seen > this.#marked && this.#isAllowed) {
      const seq = this.#seen;
      try {
        await this.#api.markRead(this.#room, seq);
        this.#marked = seq;
      } catch (error) {
        // A 4xx won't go away by asking again.
        if (!mayHelp(error)) this.#isAllowed = false;
      }
      if (this.#isStopped) return;
      await this.#rest();
    }
    this.#isBusy = false;
  }

  #rest(): Promise<void> {
    return new Promise((resolve) => this.#time.later(MARK_EVERY_MS, resolve));
  }
}

/** Whether the same may succeed later; what is no answer of the server's is trouble on the way. */
function mayHelp(error: unknown): boolean {
  return !(typeof error === "object" && error !== null && "retry" in error && error.retry === false);
}
