/**
 * Test support: programs on the SDK, a model server and bad weather between them; one number decides about everything.
 */
import { SeededRandom } from "./fake-clock.ts";
import { SdkApp } from "./sdk-app.ts";
import { SdkTestClock } from "./sdk-clock.ts";
import { ModelRoom } from "./sdk-model-room.ts";
import { type Fate, ModelServer } from "./sdk-model-server.ts";
import { CALM, type Conditions, Weather } from "./sdk-weather.ts";

const STEPS = 150;
const ROOMS = ["general", "rust"];
/** Refusals that don't say what became of the message, or that it never appears; either way it is to be sent again. */
const REFUSALS = ["not_sent", "overloaded", "too_fast", "unavailable", "going_away"];

/** As sockets are: what arrives is whole and in order; connections break, or die without a word. */
const ROUGH: Conditions = { lost: 0, twice: 0, cut: 0.01, deaf: 0.002, refused: 0.2, latencyMs: 120 };
/** As no socket is. */
const STORM: Conditions = { lost: 0.03, twice: 0.03, cut: 0.01, deaf: 0.002, refused: 0.3, latencyMs: 200 };

/** What a run has met. */
export interface Summary {
  readonly [what: string]: number;
}

/** One run. */
export class SdkSimulation {
  readonly #dice: SeededRandom;
  readonly #clock = new SdkTestClock();
  readonly #server: ModelServer;
  readonly #weather: Weather;
  readonly #apps: readonly SdkApp[];
  readonly #hasStorms: boolean;
  readonly #hasRefusals: boolean;
  #isCalm = false;
  readonly #met = { refused_posts: 0, unknown: 0, restarts: 0, reloads: 0, retained: 0, sleeps: 0, reopened: 0 };

  constructor(seed: number) {
    this.#dice = new SeededRandom(seed);
    this.#hasStorms = seed % 3 === 0;
    this.#hasRefusals = seed % 3 !== 1;
    const clock = this.#clock;
    this.#server = new ModelServer({
      fate: () => this.#fate(),
      after: (delayMs, action) => {
        clock.after(delayMs, action);
      },
    });
    this.#server.tokens.set("token of ann", "ann");
    for (const name of ROOMS) this.#server.rooms.set(name, new ModelRoom(name));
    this.#weather = new Weather(this.#server, clock, this.#dice);
    const random = (): number => this.#dice.next();
    const app = (name: string, token: string | undefined): SdkApp =>
      new SdkApp({ name, server: this.#server, connect: this.#weather.connect, token, clock, random, rooms: ROOMS });
    this.#apps = [app("guest", undefined), app("ann at home", "token of ann"), app("ann at work", "token of ann")];
  }

  /** Resolves with what was met; rejects with all that is wrong. */
  async run(): Promise<Summary> {
    for (let step = 0; step < STEPS; step++) {
      this.#act();
      this.#clock.advance(this.#dice.below(this.#dice.happens(0.05) ? 40_000 : 600));
      await settled();
    }
    this.#isCalm = true;
    this.#weather.isUp = true;
    this.#weather.conditions = CALM;
    this.#clock.advance(60_000);
    // A last frame that was lost shows with the next.
    for (const name of ROOMS) this.#server.say(name, "the end");
    for (let minute = 0; minute < 5; minute++) {
      this.#clock.advance(60_000);
      await settled();
    }
    const faults = this.#apps.flatMap((app) => app.verdict());
    if (!this.#hasStorms && !this.#hasRefusals) faults.push(...this.#apps.flatMap((app) => app.overtakers()));
    if (faults.length > 0) throw new Error(faults.slice(0, 5).join("; "));
    const sum = (count: (app: SdkApp) => number): number => this.#apps.reduce((all, app) => all + count(app), 0);
    for (const app of this.#apps) app.client.close();
    return {
      ...this.#met,
      ...this.#weather.met,
      records: ROOMS.reduce((all, name) => all + this.#server.room(name).head, 0),
      sent: sum(({ said }) => [...said.values()].filter(({ isSent }) => isSent).length),
      failed: sum(({ said }) => [...said.values()].filter(({ failed }) => failed !== undefined).length),
      resets: sum(({ resets }) => resets),
      pages: sum(({ pages }) => pages),
    };
  }

  #fate(): Fate {
    const dice = this.#dice;
    if (this.#hasRefusals && !this.#isCalm && dice.happens(0.1)) {
      this.#met.refused_posts += 1;
      return { type: "refused", code: dice.pick(REFUSALS) };
    }
    if (this.#hasRefusals && !this.#isCalm && dice.happens(0.05)) {
      this.#met.unknown += 1;
      return { type: "unknown", isKept: dice.happens(0.5) };
    }
    return { type: "kept", afterMs: dice.below(30) };
  }

  #act(): void {
    const dice = this.#dice;
    const app = dice.pick(this.#apps);
    const name = dice.pick(ROOMS);
    const room = this.#server.room(name);
    const what = dice.below(100);
    if (what < 45) {
      for (let n = dice.below(6); n >= 0; n--) app.say(name, dice.happens(0.03) ? 300 : 0);
    } else if (what < 65) {
      for (let n = dice.below(dice.happens(0.1) ? 300 : 10); n >= 0; n--) this.#server.say(name, `news ${n}`);
    } else if (what < 70) {
      this.#server.keep(room, { user: "bob", text: "", key: undefined, kind: "member_added" }, undefined);
    } else if (what < 78) {
      this.#weather.conditions = dice.pick([CALM, ROUGH, this.#hasStorms ? STORM : ROUGH]);
    } else if (what < 82) {
      this.#met.restarts += 1;
      this.#weather.isUp = false;
      this.#server.restart(dice.below(4));
      this.#clock.after(dice.below(20_000), () => {
        this.#weather.isUp = true;
      });
    } else if (what < 85) {
      this.#met.reloads += 1;
      app.restart();
    } else if (what < 88) {
      const floor = Math.max(room.floor, room.head - dice.below(30));
      if (floor > room.floor) this.#met.retained += 1;
      room.floor = Math.max(1, floor);
    } else if (what < 90) {
      this.#met.sleeps += 1;
      this.#clock.sleep(dice.below(300_000));
      if (dice.happens(0.5)) app.client.retryNow();
    } else if (what < 92) {
      this.#met.reopened += 1;
      app.reopen(name);
    } else if (what < 97) {
      app.look(name, 1 + dice.below(room.head + 1));
    } else if (what < 98) {
      const [session] = this.#server.sessions;
      if (session !== undefined) session.peer.close(dice.pick([1001, 1013, 4408, 4401]), "");
    } else {
      app.client.room(name)?.typing();
    }
  }
}

/** Resolves when no promise can go on any more. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
