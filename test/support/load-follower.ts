/**
 * Test support, load: somebody who follows a room by server-sent events, and after each lost connection goes on after the
 * last id that was seen.
 */
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import type { ChatEvent } from "./chat-client.ts";
import type { Actor, LoadDoors } from "./load-actor.ts";
import { type LoadRoom, messageNumber } from "./load-room.ts";

/** Somebody who listens by server-sent events. */
export class Follower implements Actor {
  readonly label: string;
  readonly pending = 0;
  readonly faults: string[] = [];
  /** Codes of a server's last words: it stops, or nothing was taken for too long. */
  readonly refusals: string[] = [];
  readonly room: LoadRoom;
  /** How the last stream went: its response came to its end, or the connection was lost. */
  lastEnd: "ended" | "lost" | undefined;
  /** Resolves once the stream of the moment is over. */
  over: Promise<void> = Promise.resolve();
  readonly #userId: string | undefined;
  readonly #receiver: number;
  #cursor = 0;
  #request: ClientRequest | undefined;
  #response: IncomingMessage | undefined;

  /** `userId` undefined = without a cookie. */
  constructor(label: string, room: LoadRoom, userId: string | undefined) {
    this.label = label;
    this.room = room;
    this.#userId = userId;
    this.#receiver = room.check.addReceiver(label, "first");
  }

  /** The last seq that was heard. */
  get cursor(): number {
    return this.#cursor;
  }

  /** `true` once the stream has begun. */
  come({ httpPort }: LoadDoors): Promise<boolean> {
    const cookie: Record<string, string> = this.#userId === undefined ? {} : { cookie: `user_id=${this.#userId}` };
    const headers = this.#cursor === 0 ? cookie : { ...cookie, "last-event-id": String(this.#cursor) };
    const path = `/chats/${this.room.name}/events?after=0`;
    this.lastEnd = undefined;
    return new Promise((resolve) => {
      const sent = request({ host: "127.0.0.1", port: httpPort, path, headers, agent: false });
      this.#request = sent;
      this.over = new Promise((over) => {
        sent.on("close", () => {
          this.lastEnd ??= "lost";
          over();
          resolve(false);
        });
      });
      // An error closes it.
      sent.on("error", () => undefined);
      sent.on("response", (response) => {
        this.#response = response;
        if (response.statusCode !== 200) this.faults.push(`was answered ${response.statusCode}`);
        let rest = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          const blocks = (rest + chunk).split("\n\n");
          rest = blocks.pop() ?? "";
          for (const block of blocks) this.#block(block);
        });
        response.on("error", () => undefined);
        response.on("end", () => {
          this.lastEnd = "ended";
        });
        resolve(response.statusCode === 200);
      });
      sent.end();
    });
  }

  quieten(): void {
    // Never says anything.
  }

  /** Reads nothing more until `readOn`. */
  stopReading(): void {
    this.#response?.pause();
  }

  readOn(): void {
    this.#response?.resume();
  }

  drop(): void {
    this.#request?.destroy();
  }

  #block(block: string): void {
    const id = /^id: (\d+)$/m.exec(block)?.[1];
    const data = /^data: (.*)$/m.exec(block)?.[1];
    if (data === undefined) return;
    const event = JSON.parse(data) as ChatEvent;
    if (id !== undefined && Number(id) !== event.q) this.faults.push(`id ${id} for seq ${event.q}`);
    if (event._et === "error") {
      if (event.code === "going_away" || event.code === "slow") this.refusals.push(event.code);
      else this.faults.push(`was told ${event.code}`);
    }
    if (event.q === undefined || id === undefined) return;
    this.#cursor = event.q;
    const { check } = this.room;
    if (event._et !== "user_message") {
      check.sawOther(this.#receiver, event.q);
      return;
    }
    const { label, number } = messageNumber(event.c ?? "", event.x === true, event.k);
    check.saw(this.#receiver, this.room.sender(label), number, event.q);
  }
}
