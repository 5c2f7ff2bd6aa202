/**
 * The command line: `verbatim send`. Says something and ends once it is durable; what is refused or not known is told
 * line by line on standard error.
 */
import type { ChatClient, Room } from "../sdk/index.ts";
import { StartError } from "../server/start-error.ts";
import { inWords } from "../tui/address.ts";
import { sanitizeLine } from "../tui/text/sanitize.ts";
import { type Access, clientOf, EXIT_INTERRUPTED, EXIT_REFUSED, EXIT_UNREACHABLE, endOf } from "./client-access.ts";
import { hint } from "./say.ts";

/** What it was asked. */
export interface SendRequest extends Access {
  readonly room: string;
  /** `undefined` and `-`: standard input. */
  readonly text: string | undefined;
  readonly server: string;
  /** Standard input is one message. */
  readonly isWhole: boolean;
  /** How long without any progress is too long, in milliseconds. */
  readonly withinMs: number;
}

/** Messages that may be on their way: standard input is not read further ahead. */
const ON_THE_WAY_MAX = 64;

/** Sends; resolves with the exit code. */
export async function send(request: SendRequest): Promise<number> {
  const client = clientOf(request.server, request);
  try {
    return await new Sending(client, request).run();
  } finally {
    client.close();
  }
}

/** One run. */
class Sending {
  readonly #client: ChatClient;
  readonly #request: SendRequest;
  readonly #room: Room;
  #count = 0;
  #onTheWay = 0;
  #refused = 0;
  /** Whether anything can have left this machine. */
  #wasLive = false;
  /** Resolved with an exit code when it can't go on. */
  readonly #over: Promise<number>;
  #giveUp: (exitCode: number) => void = () => undefined;
  #wake: () => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(client: ChatClient, request: SendRequest) {
    this.#client = client;
    this.#request = request;
    this.#over = new Promise((resolve) => {
      this.#giveUp = resolve;
    });
    this.#room = client.open(request.room, { last: 0 });
  }

  async run(): Promise<number> {
    const stopListening = this.#listen();
    this.#client.connect();
    this.#waitAnew();
    try {
      return await Promise.race([this.#over, this.#sendAll()]);
    } finally {
      stopListening();
      clearTimeout(this.#timer);
      // Whoever has read enough lets go of it, or the program would wait for its end.
      process.stdin.destroy();
    }
  }

  async #sendAll(): Promise<number> {
    for await (const text of this.#texts()) {
      while (this.#onTheWay >= ON_THE_WAY_MAX) await this.#progress();
      this.#count += 1;
      this.#onTheWay += 1;
      const { state } = this.#room.send(text);
      // It may fail at once, without an event: the room is gone.
      if (state.type === "failed") this.#settled(state.text);
    }
    while (this.#onTheWay > 0) await this.#progress();
    if (this.#count === 0) hint("verbatim: there was nothing to send");
    return this.#refused > 0 ? EXIT_REFUSED : 0;
  }

  async *#texts(): AsyncGenerator<string> {
    const { text, isWhole } = this.#request;
    if (text !== undefined && text !== "-") {
      yield text;
      return;
    }
    if (isWhole) {
      const whole = (await readAll()).replace(/\r?\n$/, "");
      if (whole !== "") yield whole;
      return;
    }
    for await (const line of lines()) if (line.trim() !== "") yield line;
  }

  #progress(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #listen(): () => void {
    const interrupt = (): void => {
      this.#sayUnknown();
      this.#giveUp(EXIT_INTERRUPTED);
    };
    process.once("SIGINT", interrupt);
    process.once("SIGTERM", interrupt);
    const stops = [
      this.#room.on("outgoing", ({ state }) => {
        if (state.type === "sent") this.#settled(undefined);
        else if (state.type === "failed") this.#settled(`${state.text} (${state.code})`);
      }),
      this.#room.on("state", (state) => {
        if (state.type === "live") this.#wasLive = true;
        if (state.type === "refused") this.#no(`${this.#request.room}: ${sanitizeLine(state.text)} (${state.code})`);
        if (state.type === "gone") this.#no(`${this.#request.room}: you are not in this room any more`);
      }),
      this.#client.on("state", (state) => {
        if (state.type !== "ended" || state.reason.code === "closed") return;
        const { text, exitCode } = endOf(state.reason);
        hint(`verbatim: ${text}`);
        this.#giveUp(exitCode);
      }),
    ];
    return () => {
      for (const stop of stops) stop();
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
    };
  }

  #settled(problem: string | undefined): void {
    this.#onTheWay -= 1;
    if (problem !== undefined) {
      this.#refused += 1;
      hint(`verbatim: not sent: ${sanitizeLine(problem)}`);
    }
    this.#waitAnew();
    this.#wake();
  }

  #no(text: string): void {
    hint(`verbatim: ${text}`);
    this.#giveUp(EXIT_REFUSED);
  }

  /** Gives up once nothing has moved for so long. */
  #waitAnew(): void {
    const { withinMs, server } = this.#request;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const { state } = this.#client;
      if (state.type === "online" && this.#onTheWay === 0) return this.#waitAnew();
      const why = state.type === "waiting" ? `: ${inWords(state.reason)}` : "";
      hint(`verbatim: no answer from ${server} for ${withinMs / 1000} s${why}`);
      this.#sayUnknown();
      this.#giveUp(EXIT_UNREACHABLE);
    }, withinMs);
  }

  #sayUnknown(): void {
    const count = this.#onTheWay;
    if (count === 0) return;
    const which = count === 1 ? "1 message" : `${count} messages`;
    hint(`verbatim: ${which} ${this.#wasLive ? "may or may not appear: no answer came" : "not sent"}`);
  }
}

async function readAll(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
  return decode(Buffer.concat(chunks));
}

/** The lines of standard input as they come. */
async function* lines(): AsyncGenerator<string> {
  let waiting: Buffer = Buffer.alloc(0);
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    let rest: Buffer = Buffer.concat([waiting, chunk]);
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
      yield decode(rest.subarray(0, end)).replace(/\r$/, "");
      rest = rest.subarray(end + 1);
    }
    waiting = rest;
  }
  if (waiting.length > 0) yield decode(waiting);
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new StartError("what is on standard input is not UTF-8", { cause: error });
  }
}
