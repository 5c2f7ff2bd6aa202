/**
 * Load tool, a chat's past: brings a chat to its length before anything is measured, many messages a write in a session
 * over WebSocket, for by posts a million would take minutes.
 */
import type { SharedReadBuffer } from "../bench-socket.ts";
import { BenchWebSocket } from "../bench-web-socket.ts";
import { tickUntil } from "../ticking.ts";
import { clientFrame } from "../web-socket-frames.ts";
import type { HttpAddress } from "./requests.ts";

/** What is to be written. */
export interface FeedPlan {
  readonly messages: number;
  readonly chat: string;
  /** The cookie of a member. */
  readonly cookie: string;
  readonly textBytes: number;
}

/** Messages written at once, and how many may be without their echo. */
const BATCH = 256;
const OUTSTANDING_MAX = 4096;

/** How long nothing may come back before it is given up, and how often that is looked at, in ms. */
const SILENCE_MS = 30_000;
const LOOK_EVERY_MS = 50;

/** Writes the messages; resolves when the last one has come back. */
export async function feed(
  address: HttpAddress,
  shared: SharedReadBuffer,
  plan: FeedPlan,
  told: (line: string) => void,
): Promise<void> {
  const feeder = new Feeder(address, shared, plan);
  let heardAt = performance.now();
  let seen = 0;
  try {
    await tickUntil(
      () => feeder.echoes >= plan.messages,
      LOOK_EVERY_MS,
      () => {
        if (feeder.failure !== undefined) throw new Error(`the chat can't be filled: ${feeder.failure}`);
        const now = performance.now();
        if (feeder.echoes > seen) heardAt = now;
        seen = feeder.echoes;
        if (now > heardAt + SILENCE_MS)
          throw new Error(`the chat can't be filled: nothing came after ${seen} messages`);
        told(`filling: ${seen} of ${plan.messages}`);
      },
    );
  } finally {
    feeder.close();
  }
}

class Feeder {
  echoes = 0;
  failure: string | undefined = undefined;
  readonly #plan: FeedPlan;
  readonly #socket: BenchWebSocket;
  readonly #frame: Buffer;
  #sent = 0;
  #joined = false;

  constructor(address: HttpAddress, shared: SharedReadBuffer, plan: FeedPlan) {
    this.#plan = plan;
    const text = "of old ".repeat(plan.textBytes).slice(0, plan.textBytes - 1);
    const command = JSON.stringify({ _ct: "send_message", r: plan.chat, c: `${text}.` });
    this.#frame = clientFrame(Buffer.from(command), "text");
    this.#socket = new BenchWebSocket({ ...address, path: "/ws", cookie: plan.cookie }, shared, {
      opened: () => undefined,
      reading: () => undefined,
      text: (bytes, from, to) => this.#heard(bytes, from, to),
      scanned: () => this.#send(),
      lost: (reason) => {
        this.failure = reason;
      },
    });
  }

  close(): void {
    this.#socket.close();
  }

  #heard(bytes: Buffer, from: number, to: number): void {
    // `{"_et":"user_message` differs from all other events in these two places.
    if (bytes[from + 8] === 0x75 && bytes[from + 13] === 0x6d) {
      this.echoes++;
      return;
    }
    const text = bytes.toString("utf8", from, to);
    const { _et: type } = JSON.parse(text) as { readonly _et: string };
    if (type === "login_successful") this.#socket.say([JSON.stringify({ _ct: "join_room", r: this.#plan.chat })]);
    else if (type === "user_joined_room") this.#joined = true;
    else if (type === "error") this.failure = text;
  }

  #send(): void {
    if (!this.#joined) return;
    while (this.#sent < this.#plan.messages && this.#sent - this.echoes <= OUTSTANDING_MAX - BATCH) {
      const count = Math.min(BATCH, this.#plan.messages - this.#sent);
      this.#socket.write(Buffer.concat(new Array<Buffer>(count).fill(this.#frame)));
      this.#sent += count;
    }
  }
}
