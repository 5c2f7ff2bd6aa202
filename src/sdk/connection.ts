/**
 * The SDK: one connection from its attempt to its end. Signs in, matches answers with what was asked, and notices a peer
 * that is gone without a word. Knows nothing of rooms beyond their names.
 */
import type { ErrorName } from "../protocol/error-codes.ts";
import type { SdkClock } from "./clock.ts";
import { ChatError, CLOSING_CODES } from "./errors.ts";
import type { CloseReason, Transport } from "./transport.ts";
import type { HistoryPage } from "./types.ts";
import { decode, encode, type ServerEvent, type WireCommand } from "./wire.ts";

/** How long it may take until one is signed in, in milliseconds. */
const SIGN_IN_WITHIN_MS = 15_000;
/** How often it is looked whether somebody is still there, in milliseconds. */
const WATCH_EVERY_MS = 5_000;
/** After how much silence the server is asked for a sign of life, in milliseconds. */
const SILENCE_MS = 25_000;
/** How long the sign of life may take. */
const SIGN_OF_LIFE_WITHIN_MS = 10_000;
/** How long any answer may take: the server says within 10 s where it stands. */
const ANSWER_WITHIN_MS = 30_000;

/** How something that was asked went: an error, or what came. */
export type Answer<T> = { readonly error: ChatError } | { readonly error: undefined; readonly value: T };

/** What was asked for and is not answered yet. */
interface Awaited {
  /** `hush`: only a refusal is ever answered. */
  readonly type: "join" | "history" | "ping" | "hush";
  readonly room: string | undefined;
  readonly key: string | undefined;
  readonly after: number | undefined;
  readonly before: number | undefined;
  readonly dueAt: number;
  readonly done: (answer: Answer<HistoryPage | undefined>) => void;
}

/** Why a connection ended. */
export interface Loss extends CloseReason {
  /** The error that the server gave as its reason. */
  readonly error: ChatError | undefined;
}

/** Who hears of a connection. Never called again after `lost`. */
export interface ConnectionEvents {
  signedIn(greeting: Extract<ServerEvent, { type: "greeting" }>): void;
  event(event: ServerEvent): void;
  lost(loss: Loss): void;
  /** Since when a message or a room has waited for the server, if at all; asked for now and then. */
  waitsSince(): number | undefined;
}

/** One connection. */
export class Connection {
  readonly #transport: Transport;
  readonly #clock: SdkClock;
  readonly #on: ConnectionEvents;
  readonly #hello: WireCommand;
  #awaited: Awaited[] = [];
  #greeting: Extract<ServerEvent, { type: "greeting" }> | undefined;
  #error: ChatError | undefined;
  #isOpen = false;
  #isOver = false;
  #isOnline = false;
  #heardAt: number;
  #pings = 0;
  #stopWatch: () => void;
  /** What came while something else was being told. */
  readonly #inbox: string[] = [];
  #isTelling = false;

  constructor(
    transport: Transport,
    options: { token: string | undefined; session: string | undefined; clock: SdkClock },
    on: ConnectionEvents,
  ) {
    this.#transport = transport;
    this.#clock = options.clock;
    this.#on = on;
    this.#hello = { _ct: "hello", v: 1, t: options.token, s: options.session };
    this.#heardAt = this.#clock.now();
    this.#stopWatch = this.#clock.after(SIGN_IN_WITHIN_MS, () => this.#lose("no answer"));
  }

  /** Whether it was ever open. */
  get wasOpen(): boolean {
    return this.#isOpen;
  }

  /** Begins. Called once. */
  open(): void {
    try {
      this.#transport.open({
        opened: () => this.#opened(),
        received: (text) => this.#received(text),
        closed: (reason) => this.#end(reason),
      });
    } catch (error) {
      this.#lose(String(error));
    }
  }

  /** Ends it without a word to anybody. */
  close(): void {
    this.#isOver = true;
    this.#stopWatch();
    this.#transport.close();
    const awaited = this.#awaited;
    this.#awaited = [];
    const error = new ChatError("unavailable", "the connection was lost");
    for (const { done } of awaited) done({ error });
  }

  /** Sends a command that nobody waits for here. */
  send(command: WireCommand): void {
    if (!this.#isOver) this.#transport.send(encode(command));
  }

  /** Sends a command to which only a refusal is an answer. */
  hush(command: WireCommand, room: string, refused: (error: ChatError) => void): void {
    this.#ask("hush", command, room, undefined, ({ error }) => {
      if (error !== undefined) refused(error);
    });
  }

  /** Follows a room. */
  join(
    room: string,
    from: { readonly after?: number | undefined; readonly last?: number | undefined },
    done: (answer: Answer<unknown>) => void,
  ): void {
    this.#barrier(room);
    this.#ask("join", { _ct: "join_room", r: room, ...from }, room, undefined, done);
  }

  /** Asks for a page of what happened. */
  history(
    room: string,
    ask: { readonly before?: number; readonly after?: number; readonly limit?: number },
    done: (answer: Answer<HistoryPage>) => void,
  ): void {
    this.#barrier(room);
    this.#ask("history", { _ct: "history", r: room, ...ask }, room, undefined, done as Awaited["done"]);
  }

  /**
   * Asks for a sign of life. There is no command for that; one that there is not is answered at once, changes nothing,
   * and is answered in its turn: so whatever was asked before has been answered too.
   */
  ping(done: (answer: Answer<unknown>) => void): void {
    this.#pings += 1;
    const key = `ping-${this.#pings}`;
    this.#ask("ping", { _ct: "ping", k: key }, undefined, key, done);
  }

  /** Whether the server is still there: asks unless that is being asked already. */
  probe(): void {
    if (this.#isOnline && !this.#awaited.some(({ type }) => type === "ping")) this.ping(() => undefined);
  }

  #ask(
    type: Awaited["type"],
    command: WireCommand,
    room: string | undefined,
    key: string | undefined,
    done: Awaited["done"],
  ): void {
    const dueAt = this.#clock.now() + (type === "ping" ? SIGN_OF_LIFE_WITHIN_MS : ANSWER_WITHIN_MS);
    const { after, before } = command as { after?: number; before?: number };
    this.#awaited.push({ type, room, key, after, before, dueAt, done });
    this.send(command);
  }

  /** A refusal names its room and not what it refuses: so nothing is asked of a room while another may still be refused. */
  #barrier(room: string): void {
    const last = this.#awaited.findLast((one) => one.type === "ping" || one.room === room);
    if (last?.type === "hush") this.ping(() => undefined);
  }

  #opened(): void {
    if (this.#isOver || this.#isOpen) return;
    this.#isOpen = true;
    // Where guests are taken, somebody else's greeting comes first: what stands when the ping is answered counts.
    this.send(this.#hello);
    this.ping(({ error }) => {
      if (error === undefined) this.#helloAnswered();
    });
  }

  #helloAnswered(): void {
    if (this.#error !== undefined || this.#greeting === undefined) {
      this.#lose(this.#error?.message ?? "not signed in");
      return;
    }
    this.#isOnline = true;
    this.#stopWatch();
    this.#watch();
    this.#on.signedIn(this.#greeting);
  }

  #received(text: string): void {
    this.#heardAt = this.#clock.now();
    this.#inbox.push(text);
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (let next = this.#inbox.shift(); next !== undefined && !this.#isOver; next = this.#inbox.shift()) {
        const event = decode(next);
        if (event !== undefined) this.#take(event);
      }
    } finally {
      this.#isTelling = false;
    }
  }

  #take(event: ServerEvent): void {
    if (event.type === "greeting" && !this.#isOnline) this.#greeting = event;
    else if (event.type === "error" && this.#isAnswer(event)) return;
    else if (event.type === "history") {
      this.#settle((one) => one.type === "history" && one.room === event.room && fits(one, event), undefined, event);
    } else {
      if (event.type === "present") {
        this.#settle((one) => one.type === "join" && one.room === event.room, undefined, undefined);
      }
      if (this.#isOnline) this.#on.event(event);
    }
  }

  /** Whether an error belongs to something that is waited for here, or to the connection itself. */
  #isAnswer({ code, text, room, key }: Extract<ServerEvent, { type: "error" }>): boolean {
    const error = new ChatError(code, text);
    if (key !== undefined) return this.#settle((one) => one.key === key, undefined, undefined);
    if (room !== undefined) {
      const isIts = (one: Awaited): boolean => one.room === room;
      // One who is banned hears of it unasked. What can only be refused waits for ever, and may not keep that to itself.
      if (code === "banned" && this.#awaited.find(isIts)?.type === "hush") return false;
      return this.#settle(isIts, error, undefined);
    }
    // Before one is signed in there is nothing else that could be refused.
    if (!this.#isOnline || CLOSING_CODES.some(([closing]) => closing === code)) this.#error = error;
    return false;
  }

  /** Answers the first thing of that kind that waits; what can only be refused and came before has not been. */
  #settle(isIt: (one: Awaited) => boolean, error: ChatError | undefined, value: HistoryPage | undefined): boolean {
    const at = this.#awaited.findIndex(isIt);
    const one = this.#awaited[at];
    if (one === undefined) return false;
    this.#awaited = this.#awaited.filter(({ type }, other) => other > at || (other < at && type !== "hush"));
    one.done(error === undefined ? { error, value } : { error });
    return true;
  }

  #watch(sleptBefore = false): void {
    const dueAt = this.#clock.now() + WATCH_EVERY_MS;
    this.#stopWatch = this.#clock.after(WATCH_EVERY_MS, () => {
      const now = this.#clock.now();
      // A timer that comes late has slept, and what was due meanwhile may be on its way. In a hidden tab all come late.
      const hasSlept = now > dueAt + WATCH_EVERY_MS;
      const waits = this.#on.waitsSince();
      const isLate =
        this.#awaited.some((one) => one.type !== "hush" && one.dueAt <= now) ||
        (waits !== undefined && waits + ANSWER_WITHIN_MS <= now);
      if (isLate && (sleptBefore || !hasSlept)) {
        this.#lose("no answer");
        return;
      }
      if (hasSlept || now - this.#heardAt >= SILENCE_MS) this.probe();
      this.#watch(hasSlept);
    });
  }

  #lose(text: string): void {
    this.#end({ code: undefined, text });
  }

  #end(reason: CloseReason): void {
    if (this.#isOver) return;
    const code = reason.code;
    const named: ErrorName | undefined = CLOSING_CODES.find(([, closeCode]) => closeCode === code)?.[0];
    const error = this.#error ?? (named === undefined ? undefined : new ChatError(named, reason.text || named));
    this.close();
    this.#on.lost({ ...reason, error });
  }
}

/** Whether a page can be what was asked for. */
function fits({ after, before }: Awaited, { records }: HistoryPage): boolean {
  const first = records[0]?.seq;
  const last = records.at(-1)?.seq;
  return (
    (after === undefined || first === undefined || first > after) &&
    (before === undefined || last === undefined || last < before)
  );
}
