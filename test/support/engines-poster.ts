/**
 * Test support, engines: somebody who posts over HTTP to whichever node there is, one post after the other, each with an
 * `Idempotency-Key`; or who never tries a second time, and remembers what was answered.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Dice } from "./faults-run.ts";
import { codeOf, HttpLane, type LoadAnswer, type LoadDoors } from "./load-actor.ts";
import type { LoadRoom } from "./load-room.ts";

/** Refusals that say to try again. */
const AGAIN = ["not_sent", "unknown", "overloaded", "unavailable", "going_away"];
/** How long to wait after a refusal or a lost connection, in milliseconds. */
const PAUSE_MS = 50;
/** After so many posts somewhere else one goes back to the node that one began with, so that people stay spread. */
const ELSEWHERE_MAX = 50;

/** How somebody posts. */
export interface ClusterPosterStyle {
  readonly userId: string;
  readonly dice: Dice;
  /** Whether a post is sent until it is answered with 200. */
  readonly triesAgain: boolean;
  /** From one post to the next, in milliseconds. */
  readonly pauseMs: number;
  /** The node to go to, given how often the one before was no good. */
  readonly doors: (attempt: number) => LoadDoors | undefined;
}

/** Somebody who posts. */
export class ClusterPoster {
  readonly label: string;
  readonly faults: string[] = [];
  /** Codes of refusals; `lost` where the connection was. */
  readonly refusals: string[] = [];
  /** Of one who never tries again: key → 200, the code of the refusal, or `lost`. */
  readonly outcomes = new Map<string, string>();
  /** The longest that an answer took, in milliseconds. */
  slowestMs = 0;
  pending = 0;
  readonly #rooms: readonly LoadRoom[];
  readonly #style: ClusterPosterStyle;
  #lane: { readonly port: number; readonly lane: HttpLane } | undefined;
  #attempt = 0;
  #elsewhere = 0;
  #isQuiet = false;
  #done: Promise<void> = Promise.resolve();

  constructor(label: string, rooms: readonly LoadRoom[], style: ClusterPosterStyle) {
    this.label = label;
    this.#rooms = rooms;
    this.#style = style;
    for (const room of rooms) room.sender(label);
  }

  /** The door of the last post; `undefined` where the connection was lost. */
  get port(): number | undefined {
    return this.#lane?.port;
  }

  start(): void {
    this.#done = this.#run();
  }

  /** Posts nothing new; resolves when the last post has been settled. */
  async quieten(): Promise<void> {
    this.#isQuiet = true;
    await this.#done;
    this.#lane?.lane.close();
  }

  async #run(): Promise<void> {
    const { dice, pauseMs } = this.#style;
    while (!this.#isQuiet) {
      await this.post(dice.one(this.#rooms));
      await delay(pauseMs);
    }
  }

  /** Posts once; resolves when that is settled. Nobody calls it of one who posts by themselves. */
  async post(room: LoadRoom): Promise<void> {
    const sender = room.sender(this.label);
    const number = room.check.sent(sender);
    const key = `${this.label}-${room.name}-${number}`;
    room.keys.add(key);
    const form = { content: `${this.label} ${number} ${performance.now().toFixed(3)} ` };
    this.pending = 1;
    for (let tries = 0; ; tries++) {
      if (tries > 0) room.check.mayComeLate(sender, number);
      const answer = await this.#ask(room.name, form, key);
      const code = answer === undefined ? "lost" : codeOf(answer);
      if (!this.#style.triesAgain) this.outcomes.set(key, code);
      if (answer?.status === 200) {
        const kept = { id: String(answer.json?.["message_id"]), seq: Number(answer.json?.["seq"]) };
        room.check.acknowledged(sender, number, kept.seq);
        room.acknowledged.set(key, kept);
        this.#goBack();
        break;
      }
      this.refusals.push(code);
      this.#attempt += 1;
      if (code !== "lost" && !AGAIN.includes(code)) this.faults.push(`${code} for ${key}`);
      if (code === "not_sent" && !this.#style.triesAgain) room.check.refused(sender, number);
      // The next post goes to another node, which knows nothing of what the first one still has on its way.
      if (code === "unknown" || code === "lost") room.check.mayComeLate(sender, number);
      if (!this.#style.triesAgain) break;
      await delay(PAUSE_MS);
    }
    this.pending = 0;
  }

  #goBack(): void {
    this.#elsewhere = this.#attempt === 0 ? 0 : this.#elsewhere + 1;
    if (this.#elsewhere === ELSEWHERE_MAX) this.#attempt = 0;
  }

  /** `undefined` where the connection was lost. */
  async #ask(room: string, form: Readonly<Record<string, string>>, key: string): Promise<LoadAnswer | undefined> {
    const doors = this.#style.doors(this.#attempt);
    if (doors === undefined) return undefined;
    const { httpPort } = doors;
    if (this.#lane?.port !== httpPort) {
      this.#lane?.lane.close();
      this.#lane = { port: httpPort, lane: new HttpLane(httpPort, this.#style.userId) };
    }
    const begin = performance.now();
    try {
      const path = `/chats/${room}/messages`;
      return await this.#lane.lane.ask({ method: "POST", path, form, headers: { "idempotency-key": key } });
    } catch {
      this.#lane.lane.close();
      this.#lane = undefined;
      return undefined;
    } finally {
      this.slowestMs = Math.max(this.slowestMs, performance.now() - begin);
    }
  }
}
