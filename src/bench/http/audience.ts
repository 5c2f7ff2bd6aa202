/**
 * Load tool, all listeners of a run: lets them in a few at a time, cuts them off all at once, and waits until they are
 * back.
 */
import type { SharedReadBuffer } from "../bench-socket.ts";
import { EventScanner } from "../event-scanner.ts";
import { Latencies } from "../latency.ts";
import type { LoadLedger } from "../load-ledger.ts";
import { tickUntil } from "../ticking.ts";
import type { HttpPlan } from "./http-plan.ts";
import type { ComeBack } from "./http-result.ts";
import { Listener, type ListenerContext } from "./listener.ts";
import type { HttpAddress } from "./requests.ts";
import type { World } from "./set-up.ts";

/** What the audience needs of its run. */
export interface AudienceContext {
  readonly address: HttpAddress;
  readonly shared: SharedReadBuffer;
  readonly ledger: LoadLedger;
  readonly world: World;
  readonly micros: () => number;
  /** The run's own work, to be done while somebody waits. */
  readonly work: () => void;
}

/** Listeners that are being let in at once, the first time. */
const COMING_MAX = 64;

/** How long nobody may get in before the rest is given up. */
const SILENCE_MS = 30_000;

/** How often it is looked who is there, in ms. */
const LOOK_EVERY_MS = 5;

/** How long one whose way back failed waits before it tries again, in ms: up to twice that. */
const RETRY_AFTER_MS = 200;

/** The listeners. */
export class Audience {
  readonly #plan: HttpPlan;
  readonly #context: AudienceContext;
  readonly #listeners: Listener[] = [];
  readonly #latencies = new Latencies();
  /** How many are there now. */
  ready = 0;
  #lost = 0;
  #retries = 0;
  /** When all began to come back; `undefined` while nobody is meant to. */
  #backFrom: number | undefined = undefined;
  #closed = false;

  constructor(plan: HttpPlan, context: AudienceContext) {
    this.#plan = plan;
    this.#context = context;
  }

  /** Lets all in; resolves when they are there, or nobody has come for a while. */
  async come(): Promise<void> {
    const { listeners, listening, chats } = this.#plan;
    const { address, shared, ledger, micros, world } = this.#context;
    const context: ListenerContext = {
      address,
      shared,
      ledger,
      micros,
      scanner: new EventScanner(ledger.scan, ledger, "frames"),
      onReady: () => this.#onReady(),
      onLost: (listener, reason, wasReady) => this.#onLost(listener, reason, wasReady),
    };
    await this.#untilAll(() => {
      while (this.#listeners.length < listeners && this.#listeners.length - this.ready - this.#lost < COMING_MAX) {
        const index = this.#listeners.length;
        this.#listeners.push(new Listener(index, world.users[index] as string, index % chats, listening, context));
      }
    });
  }

  /** Cuts all off at once, leaves them away for so long, and lets all come back at once. */
  async cutAndComeBack(awayMs: number, accepted: () => number): Promise<ComeBack> {
    const before = accepted();
    for (const listener of this.#listeners) listener.cut();
    this.ready = 0;
    const backAt = performance.now() + awayMs;
    await tickUntil(() => performance.now() >= backAt, LOOK_EVERY_MS, this.#context.work);
    const missed = accepted() - before;
    this.#backFrom = this.#context.micros();
    for (const listener of this.#listeners) listener.comeBack();
    await this.#untilAll(() => undefined);
    const allMs = (this.#context.micros() - this.#backFrom) / 1000;
    this.#backFrom = undefined;
    const eachMs = this.#latencies.summary();
    return { sessions: this.#listeners.length, allMs, eachMs, retries: this.#retries, missed };
  }

  /** Ends all connections. */
  close(): void {
    this.#closed = true;
    for (const listener of this.#listeners) listener.cut();
  }

  async #untilAll(more: () => void): Promise<void> {
    let heard = performance.now();
    let settled = 0;
    const look = (): boolean => {
      more();
      if (this.ready + this.#lost !== settled) heard = performance.now();
      settled = this.ready + this.#lost;
      return settled >= this.#plan.listeners || performance.now() > heard + SILENCE_MS;
    };
    await tickUntil(look, LOOK_EVERY_MS, this.#context.work);
  }

  #onReady(): void {
    this.ready++;
    if (this.#backFrom !== undefined) this.#latencies.record(Math.round(this.#context.micros() - this.#backFrom));
  }

  #onLost(listener: Listener, reason: string, wasReady: boolean): void {
    if (this.#closed) return;
    if (wasReady) this.ready--;
    if (this.#backFrom !== undefined) {
      this.#retries++;
      setTimeout(() => !this.#closed && listener.comeBack(), RETRY_AFTER_MS * (1 + Math.random()));
      return;
    }
    this.#lost++;
    this.#context.ledger.gone(listener);
    this.#context.ledger.error("connection_lost", `listener ${listener.index}: ${reason}`);
  }
}
