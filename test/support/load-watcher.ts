/**
 * Test support, load: somebody who only listens, and costs so little that the test's own process does not become what
 * is measured. Looks at the seq of each message, and now and then at when it was sent.
 */
import { connect, type Socket } from "node:net";

/** What follows a message's text; the id has 36 characters, then comes the seq. */
const AFTER_TEXT = '","i":"';
const SEQ_AT = AFTER_TEXT.length + 36 + '","q":'.length;
/** One message in so many is asked how old it is. */
const AGE_EVERY = 64;

/** Somebody who listens to one room from now on. */
export class Watcher {
  /** The last seq heard; 0 before the first. */
  seq = 0;
  /** Messages that came out of turn: after a gap, or again. */
  outOfTurn = 0;
  hasEnded = false;
  readonly #socket: Socket;
  readonly #onAge: (ms: number) => void;
  #rest = "";

  /** `onAge` hears of some messages how old they were, in milliseconds. */
  constructor(port: number, room: string, onAge: (ms: number) => void) {
    this.#onAge = onAge;
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.hasEnded = true;
    });
    socket.on("data", (text: string) => this.#take(text));
    socket.write(`${JSON.stringify({ _ct: "join_room", r: room })}\n`);
  }

  drop(): void {
    this.#socket.destroy();
  }

  #take(chunk: string): void {
    const text = this.#rest + chunk;
    const end = text.lastIndexOf("\n") + 1;
    for (let at = text.indexOf(AFTER_TEXT); at >= 0 && at < end; at = text.indexOf(AFTER_TEXT, at + SEQ_AT)) {
      const seq = Number.parseInt(text.slice(at + SEQ_AT, at + SEQ_AT + 12), 10);
      if (this.seq > 0 && seq !== this.seq + 1) this.outOfTurn += 1;
      this.seq = seq;
      if (seq % AGE_EVERY === 0) this.#age(text, at);
    }
    this.#rest = text.slice(end);
  }

  #age(text: string, end: number): void {
    const line = text.slice(text.lastIndexOf("\n", end) + 1, end);
    // The text is `LABEL NUMBER TIME PADDING`, as a chatter says it.
    const sentAt = Number(/"c":"\S+ \S+ (\S+)/.exec(line)?.[1]);
    if (Number.isFinite(sentAt)) this.#onAge(performance.now() - sentAt);
  }
}
