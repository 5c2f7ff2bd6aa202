/**
 * Stage 1, every door that commands come through: hands what a connection brings to the commands, one at a time and in
 * order, and holds back what would hurt others. Knows nothing of bytes.
 */
import type { Clock } from "../clock.ts";
import type { Dispatcher } from "../commands/dispatch.ts";
import type { Session } from "../fanout/session.ts";

/** Bytes that are read of one connection before what it posted is durable; then the others have their turn. */
const UNSETTLED_BYTES_MAX = 256 * 1024;

/** A connection's side: what it brought, and the way to stop it from bringing more. */
export interface CommandSource<Item> {
  /** The oldest thing that was brought and not taken yet. */
  next(): Item | undefined;
  /** Carries it out. A promise, which never rejects, where the next one has to wait for that. */
  take(item: Item): Promise<void> | undefined;
  /** Reads no more for now, and goes on. */
  pause(): void;
  resume(): void;
}

/** The way from one connection to the commands. */
export class CommandPump<Item> {
  readonly #session: Session;
  readonly #source: CommandSource<Item>;
  readonly #dispatcher: Pick<Dispatcher, "settled">;
  readonly #clock: Clock;
  /** Bytes that were read since all that was posted had last been settled. */
  #unsettledBytes = 0;
  /** Something is being waited for. */
  #isBusy = false;
  /** The client will say no more. */
  #isFinished = false;

  constructor(session: Session, source: CommandSource<Item>, dispatcher: Pick<Dispatcher, "settled">, clock: Clock) {
    this.#session = session;
    this.#source = source;
    this.#dispatcher = dispatcher;
    this.#clock = clock;
  }

  /** Whether the connection may be read. */
  get mayRead(): boolean {
    return !this.#isBusy && !this.#session.behind && !this.#session.ended;
  }

  /** The source has something new, for which so many bytes were read. */
  received(bytes: number): void {
    this.#pump();
    this.#holdBack(bytes);
  }

  /** The client will say no more: it hears what becomes of what it said, then the session ends. */
  finished(): void {
    this.#isFinished = true;
    this.#pump();
  }

  /** Goes on, where nothing stands in the way any more. */
  resume(): void {
    this.#pump();
    if (this.mayRead) this.#source.resume();
  }

  /** Hands things on until one has to be waited for. */
  #pump(): void {
    while (this.mayRead) {
      const item = this.#source.next();
      if (item === undefined) {
        if (this.#isFinished) this.#finish();
        return;
      }
      const done = this.#source.take(item);
      if (done !== undefined) this.#waitFor(done);
    }
  }

  /** Without this, one client that floods would fill the append queue, and everybody's messages would wait behind its. */
  #holdBack(bytes: number): void {
    this.#unsettledBytes += bytes;
    if (this.#unsettledBytes <= UNSETTLED_BYTES_MAX || !this.mayRead) return;
    this.#unsettledBytes = 0;
    this.#waitFor(this.#dispatcher.settled());
  }

  #waitFor(done: Promise<void>): void {
    this.#isBusy = true;
    this.#source.pause();
    void done.then(() => {
      this.#isBusy = false;
      this.resume();
    });
  }

  #finish(): void {
    this.#isFinished = false;
    this.#isBusy = true;
    void this.#dispatcher.settled().then(() => {
      this.#clock.endOfTurn(() => this.#session.end("disconnected"));
    });
  }
}
