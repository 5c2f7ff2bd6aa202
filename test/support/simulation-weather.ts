/**
 * Test support: how log and store of a simulation fail: slow, refusing, hanging, for a while and then otherwise.
 */
import type { Fate, Outcome } from "../../src/server/log/memory.ts";
import type { SeededRandom } from "./fake-clock.ts";
import type { World } from "./simulation-world.ts";

const LOG_WEATHERS = ["fine", "slow", "failing", "hanging"] as const;
const STORE_WEATHERS = ["fine", "slow", "failing", "hanging"] as const;
const OUTCOMES: readonly Outcome[] = ["durable", "durable", "not_sent", "unknown_kept", "unknown_lost"];

/** What log and store do at the moment. */
export class Weather {
  readonly #world: World;
  readonly #random: SeededRandom;
  #log: (typeof LOG_WEATHERS)[number] = "fine";
  #store: (typeof STORE_WEATHERS)[number] = "fine";
  /** Lets those writes go on that hang. */
  readonly #release: (() => void)[] = [];

  constructor(world: World, random: SeededRandom) {
    this.#world = world;
    this.#random = random;
    world.fate = () => this.#fate();
  }

  /** Changes the log's weather, or the store's. */
  change(): void {
    if (this.#random.happens(0.5)) this.#log = this.#random.pick(LOG_WEATHERS);
    else this.#setStore(this.#random.pick(STORE_WEATHERS));
  }

  /** From now on nothing fails. */
  clear(): void {
    this.#log = "fine";
    this.#setStore("fine");
  }

  #setStore(weather: (typeof STORE_WEATHERS)[number]): void {
    this.#store = weather;
    for (const release of this.#release.splice(0)) release();
    const { hooks } = this.#world.store;
    hooks.beforeWrite = weather === "fine" ? undefined : () => this.#beforeWrite();
    hooks.beforeRead = weather === "fine" ? undefined : () => this.#beforeRead();
  }

  #fate(): Fate {
    const random = this.#random;
    const delayMs = { fine: random.below(3), slow: random.below(400), failing: random.below(50), hanging: 12_000 }[
      this.#log
    ];
    return { delayMs, outcome: this.#log === "failing" ? random.pick(OUTCOMES) : "durable" };
  }

  async #beforeWrite(): Promise<void> {
    const random = this.#random;
    if (this.#store === "hanging") {
      await new Promise<void>((resolve) => {
        this.#release.push(resolve);
      });
    } else if (this.#store === "failing" && random.happens(0.6)) {
      throw new Error("the simulation fails this write");
    } else {
      await this.#pause(random.below(1500));
    }
  }

  async #beforeRead(): Promise<void> {
    if (this.#store === "failing" && this.#random.happens(0.5)) throw new Error("the simulation fails this read");
    await this.#pause(this.#random.below(300));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#world.clock.after(ms, resolve);
    });
  }
}
