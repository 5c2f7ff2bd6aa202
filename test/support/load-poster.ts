/**
 * Test support, load: somebody who posts forms over HTTP, on several connections, whatever happens: each post has an
 * `Idempotency-Key` and is sent again until it is answered, across restarts of the server.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Dice } from "./faults-run.ts";
import { type Actor, codeOf, HttpLane, type LoadAnswer, type LoadDoors } from "./load-actor.ts";
import type { Acknowledged, LoadRoom } from "./load-room.ts";

/** A post that was sent, or will be, and has not been answered. */
interface Post {
  readonly room: LoadRoom;
  readonly number: number;
  readonly key: string;
  readonly text: string;
}

/** One connection at a time, and what is said on it: one post after the other. */
interface Line {
  readonly label: string;
  pending: Post | undefined;
  /** The last post that was answered, and with what. */
  last: (Post & Acknowledged) | undefined;
}

/** How somebody posts. */
export interface PosterStyle {
  readonly userId: string;
  readonly lines: number;
  /** Bytes of text that are added to each message. */
  readonly padding: number;
  readonly dice: Dice;
  /** How long each line waits from one answer to its next post, in milliseconds; not at all unless told. */
  readonly pauseMs?: number;
}

const AGAIN = ["not_sent", "unknown", "overloaded", "unavailable"];

/** Somebody who posts over HTTP. */
export class Poster implements Actor {
  readonly label: string;
  readonly faults: string[] = [];
  /** Codes of the refusals that a stopping server may give. */
  readonly refusals: string[] = [];
  /** For each request that got no answer because the connection was lost, when it was sent (`performance.now()`). */
  readonly unanswered: number[] = [];
  readonly #rooms: readonly LoadRoom[];
  readonly #style: PosterStyle;
  readonly #padding: string;
  readonly #lines: readonly Line[];
  #isQuiet = false;

  constructor(label: string, rooms: readonly LoadRoom[], style: PosterStyle) {
    this.label = label;
    this.#rooms = rooms;
    this.#style = style;
    this.#padding = "x".repeat(style.padding);
    this.#lines = Array.from({ length: style.lines }, (_, index) => {
      const line = `${label}.${index}`;
      for (const room of rooms) room.sender(line);
      return { label: line, pending: undefined, last: undefined };
    });
  }

  get pending(): number {
    return this.#lines.filter(({ pending }) => pending !== undefined).length;
  }

  /** `true` once each line has had its pending post answered, and the one before it again. */
  async come({ httpPort }: LoadDoors): Promise<boolean> {
    const came = await Promise.all(this.#lines.map((line) => this.#comeBack(line, httpPort)));
    return came.every(Boolean);
  }

  quieten(): void {
    this.#isQuiet = true;
  }

  async #comeBack(line: Line, port: number): Promise<boolean> {
    const lane = new HttpLane(port, this.#style.userId);
    const { last, pending } = line;
    try {
      if (last !== undefined) this.#answeredAgain(last, await this.#send(lane, last));
      if (pending !== undefined) this.#answered(line, pending, await this.#send(lane, pending));
    } catch {
      this.#lost(lane);
      return false;
    }
    void this.#run(line, lane);
    return true;
  }

  /** Posts until the connection is lost, the server stops, or there is nothing more to say. */
  async #run(line: Line, lane: HttpLane): Promise<void> {
    try {
      for (;;) {
        if (line.pending === undefined && this.#isQuiet) break;
        line.pending ??= this.#compose(line);
        const answer = await this.#send(lane, line.pending);
        this.#answered(line, line.pending, answer);
        if (codeOf(answer) === "going_away") break;
        if (this.#style.pauseMs !== undefined) await delay(this.#style.pauseMs);
      }
    } catch {
      this.#lost(lane);
      return;
    }
    lane.close();
  }

  #compose({ label }: Line): Post {
    const room = this.#style.dice.one(this.#rooms);
    const number = room.check.sent(room.sender(label));
    const key = `${label}-${room.name}-${number}`;
    room.keys.add(key);
    return { room, number, key, text: `${label} ${number} ${performance.now().toFixed(3)} ${this.#padding}` };
  }

  #send(lane: HttpLane, { room, key, text }: Post): Promise<LoadAnswer> {
    const path = `/chats/${room.name}/messages`;
    return lane.ask({ method: "POST", path, form: { content: text }, headers: { "idempotency-key": key } });
  }

  #answered(line: Line, post: Post, answer: LoadAnswer): void {
    const { room, number, key } = post;
    if (answer.status !== 200) {
      const code = codeOf(answer);
      if (AGAIN.includes(code) || code === "going_away") this.refusals.push(code);
      else this.faults.push(`${code} for ${key}`);
      return;
    }
    const kept = { id: String(answer.json?.["message_id"]), seq: Number(answer.json?.["seq"]) };
    room.check.acknowledged(room.sender(line.label), number, kept.seq);
    room.acknowledged.set(key, kept);
    line.last = { ...post, ...kept };
    line.pending = undefined;
  }

  #answeredAgain({ key, id, seq }: Post & Acknowledged, answer: LoadAnswer): void {
    const again = `${answer.json?.["message_id"]} ${answer.json?.["seq"]}`;
    if (answer.status !== 200) this.refusals.push(codeOf(answer));
    else if (again !== `${id} ${seq}`) this.faults.push(`${key} is ${again} when sent again, was ${id} ${seq}`);
  }

  #lost(lane: HttpLane): void {
    if (lane.askedAt !== undefined) this.unanswered.push(lane.askedAt);
    lane.close();
  }
}
