/**
 * Load tool, reads of a chat's newest page at a rate of their own while posts go on: how long they take, and whether
 * what was acknowledged before the request is in them.
 */
import type { SharedReadBuffer } from "../bench-socket.ts";
import { Latencies } from "../latency.ts";
import type { LoadLedger } from "../load-ledger.ts";
import type { Answer } from "./answer-reader.ts";
import { HttpConnection } from "./http-connection.ts";
import type { PagePlan } from "./http-plan.ts";
import { type HttpAddress, requestText } from "./requests.ts";

/** What the reader needs of its run. */
export interface PageContext {
  readonly address: HttpAddress;
  readonly shared: SharedReadBuffer;
  readonly ledger: LoadLedger;
  readonly micros: () => number;
  readonly chat: string;
  readonly cookie: string;
  /** The highest seq that an answer to a post has given for the chat. */
  readonly acknowledged: () => number;
  /** A number in 0 ≤ n < 1. */
  readonly chance: () => number;
}

/** Connections that read; a page that takes long must not delay the next one's request. */
const READERS = 8;

interface Reader {
  readonly connection: HttpConnection;
  intended: number;
  /** The least seq that the page must begin with. */
  least: number;
  /** The seq before which the page must end; `undefined`: it is the newest. */
  before: number | undefined;
}

/** Reads pages. */
export class PageReader {
  /** From the intended moment of a request to the whole page. */
  readonly latencies = new Latencies();
  /** Pages that came. */
  pages = 0;
  /** Bytes of the latest page's body. */
  pageBytes = 0;
  readonly #context: PageContext;
  readonly #everyMicros: number;
  readonly #plan: PagePlan;
  readonly #idle: Reader[];
  readonly #readers: readonly Reader[];
  #nextDue = Number.POSITIVE_INFINITY;

  constructor(plan: PagePlan, context: PageContext) {
    this.#context = context;
    this.#everyMicros = plan.everyMicros;
    this.#plan = plan;
    const { address, shared, ledger } = context;
    this.#readers = Array.from({ length: READERS }, (): Reader => {
      const connection = new HttpConnection(address.host, address.port, shared, {
        answered: (answer) => this.#answered(reader, answer),
        failed: (reason) => {
          ledger.error("page_unanswered", reason);
          this.#idle.push(reader);
        },
      });
      const reader: Reader = { connection, intended: 0, least: 0, before: undefined };
      return reader;
    });
    this.#idle = [...this.#readers];
  }

  /** Begins to read. */
  start(): void {
    this.#nextDue = this.#context.micros();
  }

  /** Asks for nothing new. */
  stop(): void {
    this.#nextDue = Number.POSITIVE_INFINITY;
  }

  /** Whether no page is outstanding. */
  get settled(): boolean {
    return this.#idle.length === READERS;
  }

  /** Asks for the pages that have become due. */
  readDue(): void {
    const now = this.#context.micros();
    // Where to read is known once a post has said how long the chat is.
    if (this.#plan.anywhere && this.#context.acknowledged() === 0) return;
    while (this.#nextDue <= now && this.#idle.length > 0) {
      const reader = this.#idle.pop() as Reader;
      reader.intended = this.#nextDue;
      reader.least = this.#context.acknowledged();
      reader.before = this.#plan.anywhere ? this.#somewhere() : undefined;
      reader.connection.send(this.#requestBefore(reader.before));
      this.#nextDue += this.#everyMicros;
    }
  }

  /** Ends all connections. */
  close(): void {
    for (const { connection } of this.#readers) connection.close();
  }

  /** A seq of the chat before which there is a whole page. */
  #somewhere(): number {
    const first = (this.#plan.limit ?? 1000) + 1;
    return first + Math.floor(this.#context.chance() * Math.max(0, this.#context.acknowledged() - first));
  }

  #requestBefore(before: number | undefined): string {
    const { address, chat, cookie } = this.#context;
    const { limit } = this.#plan;
    const query = [
      ...(before === undefined ? [] : [`before=${before}`]),
      ...(limit === undefined ? [] : [`limit=${limit}`]),
    ].join("&");
    const path = `/chats/${chat}/messages${query === "" ? "" : `?${query}`}`;
    return requestText(address, "GET", path, { cookie, form: undefined });
  }

  #answered(reader: Reader, answer: Answer): void {
    const { ledger, micros } = this.#context;
    const now = micros();
    this.#idle.push(reader);
    const body = answer.bytes.toString("utf8", answer.bodyFrom, answer.bodyTo);
    const wrong = answer.status === 200 ? wrongWith(body, reader) : `status ${answer.status}: ${body}`;
    if (wrong !== undefined) {
      ledger.error("bad_page", wrong.slice(0, 300));
      return;
    }
    this.pages++;
    this.pageBytes = answer.bodyTo - answer.bodyFrom;
    if (reader.intended >= ledger.measureFrom && reader.intended < ledger.measureTo) {
      this.latencies.record(Math.round(now - reader.intended));
    }
  }
}

/**
 * What is wrong with a page: the newest has to begin at seq `least` or later, any other right before `before`. Seqs are
 * looked at where there are any.
 */
function wrongWith(body: string, { least, before }: Reader): string | undefined {
  const page = parsed(body);
  if (!Array.isArray(page) || page.length === 0) return `no page: ${body}`;
  const seqs = (page as readonly { readonly seq: unknown }[]).map(({ seq }) => seq);
  if (!seqs.every((seq) => typeof seq === "number")) return undefined;
  if (before !== undefined) {
    if (seqs[0] !== before - 1) return `begins at seq ${seqs[0]}, though it was asked for before ${before}`;
  } else if ((seqs[0] as number) < least) return `begins at seq ${seqs[0]}, but ${least} was acknowledged before`;
  const apart = seqs.findIndex((seq, index) => index > 0 && seq !== (seqs[index - 1] as number) - 1);
  return apart < 0 ? undefined : `seq ${seqs[apart]} follows ${seqs[apart - 1]}`;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
