/**
 * Test support: what lies between a client of the SDK and the model server, in all weathers: frames are late, in a storm
 * some are lost or come twice, connections break, are refused, or die without a word.
 */
import type { Connect, Transport, TransportEvents } from "../../src/sdk/transport.ts";
import type { SeededRandom } from "./fake-clock.ts";
import type { SdkTestClock } from "./sdk-clock.ts";
import type { ModelServer, ModelSession } from "./sdk-model-server.ts";

/**
 * How bad it is; probabilities from 0 to 1, each for one frame or one attempt. Frames of the sign-in are neither lost nor
 * repeated: no socket does that to one frame, and who one is has no number by which that would show.
 */
export interface Conditions {
  readonly lost: number;
  readonly twice: number;
  readonly cut: number;
  readonly deaf: number;
  readonly refused: number;
  readonly latencyMs: number;
}

/** A fine day. */
export const CALM: Conditions = { lost: 0, twice: 0, cut: 0, deaf: 0, refused: 0, latencyMs: 5 };

/** The weather over one server. */
export class Weather {
  conditions: Conditions = CALM;
  /** Whether the server takes connections. */
  isUp = true;
  /** What was met, for the test to see that it is worth something. */
  readonly met = { lost: 0, twice: 0, cut: 0, deaf: 0, refused: 0, frames: 0 };
  readonly server: ModelServer;
  readonly clock: SdkTestClock;
  readonly dice: SeededRandom;

  constructor(server: ModelServer, clock: SdkTestClock, dice: SeededRandom) {
    this.server = server;
    this.clock = clock;
    this.dice = dice;
  }

  /** Whether something happens now; if so it counts. */
  strikes(what: "lost" | "twice" | "cut" | "deaf" | "refused"): boolean {
    const happens = this.dice.happens(this.conditions[what]);
    if (happens) this.met[what] += 1;
    return happens;
  }

  /** Connects through it. */
  readonly connect: Connect = () => new WeatherTransport(this);
}

class WeatherTransport implements Transport {
  readonly #weather: Weather;
  #on: TransportEvents | undefined;
  #session: ModelSession | undefined;
  /** Neither end hears of the other any more, and neither knows. */
  #isDeaf = false;
  readonly #lastAt = { up: 0, down: 0 };

  constructor(weather: Weather) {
    this.#weather = weather;
  }

  open(on: TransportEvents): void {
    this.#on = on;
    const { clock, server } = this.#weather;
    clock.after(this.#latency(), () => {
      if (this.#on === undefined) return;
      if (!this.#weather.isUp || this.#weather.strikes("refused")) {
        this.#closed("connection refused", undefined);
        return;
      }
      if (this.#weather.strikes("deaf")) return;
      this.#on.opened();
      this.#session = server.accept({
        send: (text) => this.#carry("down", text, () => this.#on?.received(text)),
        close: (code, text) => {
          this.#session = undefined;
          if (!this.#isDeaf) clock.after(this.#latency(), () => this.#closed(text, code));
        },
      });
    });
  }

  send(text: string): void {
    this.#carry("up", text, () => this.#session?.take(text));
  }

  close(): void {
    this.#on = undefined;
    this.#gone();
  }

  #carry(way: "up" | "down", text: string, deliver: () => void): void {
    const { clock, dice } = this.#weather;
    this.#weather.met.frames += 1;
    const isSignIn = /"(hello|login_successful)"/.test(text);
    if (this.#isDeaf || (!isSignIn && this.#weather.strikes("lost"))) return;
    const times = !isSignIn && this.#weather.strikes("twice") ? 2 : 1;
    // In order, however late: that is what sockets do.
    const at = Math.max(this.#lastAt[way], clock.now() + this.#latency());
    for (let n = 0; n < times; n++) {
      this.#lastAt[way] = at + n * dice.below(40);
      clock.after(this.#lastAt[way] - clock.now(), () => {
        if (!this.#isDeaf) deliver();
      });
    }
    if (this.#weather.strikes("cut")) clock.after(dice.below(50), () => this.#break());
    else if (this.#weather.strikes("deaf")) {
      this.#isDeaf = true;
      // The server notices some day.
      clock.after(dice.below(120_000), () => this.#gone());
    }
  }

  #break(): void {
    this.#closed("the connection broke", undefined);
    this.#gone();
  }

  #gone(): void {
    const session = this.#session;
    this.#session = undefined;
    // The server learns of it later than the client, who may be back before.
    if (session !== undefined) {
      this.#weather.clock.after(this.#latency() * 3, () => this.#weather.server.drop(session));
    }
  }

  #closed(text: string, code: number | undefined): void {
    const on = this.#on;
    this.#on = undefined;
    on?.closed({ code, text });
  }

  #latency(): number {
    return 1 + this.#weather.dice.below(this.#weather.conditions.latencyMs);
  }
}
