/**
 * Load tool, the posting connections: each has one post outstanding at most; in the closed loop the answer brings the
 * next one, in the open loop whichever connection is free takes what has become due first.
 */
import type { SharedReadBuffer } from "../bench-socket.ts";
import { Latencies } from "../latency.ts";
import type { LoadLedger, Stream } from "../load-ledger.ts";
import { type Answer, digits } from "./answer-reader.ts";
import { HttpConnection } from "./http-connection.ts";
import type { HttpPace } from "./http-plan.ts";
import { type HttpAddress, PostTemplate } from "./requests.ts";
import type { World } from "./set-up.ts";

/** What the pool needs of its run. */
export interface PostContext {
  readonly address: HttpAddress;
  readonly shared: SharedReadBuffer;
  readonly ledger: LoadLedger;
  readonly world: World;
  /** µs since the run began. */
  readonly micros: () => number;
}

interface Poster {
  readonly connection: HttpConnection;
  readonly stream: Stream;
  readonly template: PostTemplate;
  /** What is outstanding. */
  number: number;
  intended: number;
}

/** All posting connections. */
export class PostPool {
  /** From the intended moment of a post to its answer. */
  readonly latencies = new Latencies();
  /** Posts that were taken. */
  accepted = 0;
  /** Posts of which nobody knows whether they were taken. */
  unknown = 0;
  /** The highest seq that an answer gave, per chat; 0 where servers give none. */
  readonly seqs: Float64Array;
  readonly #context: PostContext;
  readonly #posters: readonly Poster[];
  /** Longest idle first: at a low rate all take their turn, and so do their chats. */
  readonly #idle: Poster[] = [];
  /** Intended moments of what is due and has found no free connection yet; the first `#taken` are gone. */
  #due: number[] = [];
  #taken = 0;
  #nextDue = Number.POSITIVE_INFINITY;
  #everyMicros = 0;
  #closedLoop = false;

  constructor(context: PostContext) {
    this.#context = context;
    const { address, shared, ledger, world } = context;
    const { run, textBytes } = ledger.scan;
    this.seqs = new Float64Array(world.chats.length);
    this.#posters = world.cookies.map((cookie, index): Poster => {
      const stream = ledger.streamsOf(index)[0] as Stream;
      const chat = world.chats[stream.room] as string;
      const connection = new HttpConnection(address.host, address.port, shared, {
        answered: (answer) => this.#answered(poster, answer),
        failed: (reason) => this.#failed(poster, reason),
      });
      const template = new PostTemplate(address, { chat, cookie, run, stream: stream.id, textBytes });
      const poster: Poster = { connection, stream, template, number: 0, intended: 0 };
      return poster;
    });
    this.#idle.push(...this.#posters);
  }

  /** Begins to post at this pace. */
  start(pace: HttpPace): void {
    this.#closedLoop = pace.kind === "closed";
    if (pace.kind === "rate") {
      this.#everyMicros = pace.everyMicros;
      this.#nextDue = this.#context.micros();
      return;
    }
    for (const poster of this.#idle.splice(0)) this.#post(poster, this.#context.micros());
  }

  /** Posts nothing new. What was due and found no free connection is not posted. */
  stop(): void {
    this.#closedLoop = false;
    this.#nextDue = Number.POSITIVE_INFINITY;
    this.#due = [];
    this.#taken = 0;
  }

  /** Whether no answer is outstanding. */
  get settled(): boolean {
    return this.#idle.length === this.#posters.length;
  }

  /** Posts that are due and have found no free connection. */
  get waiting(): number {
    return this.#due.length - this.#taken;
  }

  /** Open loop: posts what has become due, late or not; the intended moment stays what it was. */
  postDue(): void {
    const now = this.#context.micros();
    while (this.#nextDue <= now) {
      this.#due.push(this.#nextDue);
      this.#nextDue += this.#everyMicros;
    }
    while (this.waiting > 0 && this.#idle.length > 0) this.#post(this.#idle.shift() as Poster, this.#takeDue());
  }

  /** Ends all connections. */
  close(): void {
    for (const { connection } of this.#posters) connection.close();
  }

  #takeDue(): number {
    const due = this.#due[this.#taken++] as number;
    if (this.#taken === 1024) {
      this.#due.splice(0, this.#taken);
      this.#taken = 0;
    }
    return due;
  }

  #post(poster: Poster, intended: number): void {
    const { ledger } = this.#context;
    poster.number = ledger.sending(poster.stream);
    poster.intended = Math.round(intended);
    poster.connection.send(poster.template.post(poster.number, poster.intended));
  }

  #answered(poster: Poster, answer: Answer): void {
    const { ledger } = this.#context;
    const now = this.#context.micros();
    const { stream, number, intended } = poster;
    if (answer.status === 200) {
      const seq = seqOf(answer);
      this.accepted++;
      ledger.accepted(stream, number, seq);
      if (seq > (this.seqs[stream.room] as number)) this.seqs[stream.room] = seq;
      if (intended >= ledger.measureFrom && intended < ledger.measureTo) this.latencies.record(now - intended);
    } else this.#notTaken(poster, answer);
    this.#next(poster, now);
  }

  #notTaken({ stream, number }: Poster, answer: Answer): void {
    const { ledger } = this.#context;
    const body = answer.bytes.toString("utf8", answer.bodyFrom, answer.bodyTo);
    const code = codeOf(body);
    ledger.error(code ?? `status ${answer.status}`, body.slice(0, 300));
    // Only the server's own word that it was not taken counts; a 5xx without one says nothing.
    if (code === "unknown" || code === "internal" || (code === undefined && answer.status >= 500)) this.unknown++;
    else ledger.refused(stream, number);
  }

  #failed(poster: Poster, reason: string): void {
    this.unknown++;
    this.#context.ledger.error("post_unanswered", `user ${poster.stream.id}: ${reason}`);
    // Not at once: a server that is gone would be asked again without a pause.
    setImmediate(() => this.#next(poster, this.#context.micros()));
  }

  #next(poster: Poster, now: number): void {
    if (this.#closedLoop) this.#post(poster, now);
    else if (this.waiting > 0) this.#post(poster, this.#takeDue());
    else this.#idle.push(poster);
  }
}

const SEQ = Buffer.from('"seq":');

/** The `seq` of a message's JSON, or 0 where it has none. It stands near the end, so it is looked for from there. */
function seqOf({ bytes, bodyFrom, bodyTo }: Answer): number {
  let at = bodyTo - SEQ.length;
  while (at >= bodyFrom && !(bytes[at] === 0x22 && bytes[at + 5] === 0x3a && bytes[at + 1] === 0x73)) at--;
  if (at < bodyFrom || SEQ.compare(bytes, at, at + SEQ.length) !== 0) return 0;
  const from = at + SEQ.length;
  let to = from;
  while (to < bodyTo && (bytes[to] as number) >= 0x30 && (bytes[to] as number) <= 0x39) to++;
  return Math.max(0, digits(bytes, from, to));
}

/** The `code` of a problem (RFC 9457), where the body is one. */
function codeOf(body: string): string | undefined {
  try {
    const { code } = JSON.parse(body) as { readonly code: unknown };
    return typeof code === "string" ? code : undefined;
  } catch {
    return undefined;
  }
}
