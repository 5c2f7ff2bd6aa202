/**
 * A start that waits for engines: brokers and databases take longer to come up than a node does, and after a power cut
 * all of them come up at once. Touches nothing but the log.
 */
import type { Clock, Timer } from "../clock.ts";
import { StartError } from "../start-error.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";

const RETRY_EVERY_MS = 1000;

/** Drivers list every address that they tried, each with its reason. */
const REASON_LENGTH_MAX = 300;

/** What a wait is made of. */
export interface EngineWaitOptions {
  /** How long all that is waited for may take together, from now on; then the start is given up. */
  readonly withinMs: number;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Ends the wait at once. */
  readonly signal: AbortSignal;
}

/** An engine that takes longer than it may. */
class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

/** What lets go of something that came after nobody waited for it any more. */
type LetGo<T> = (late: T) => Promise<void>;

/** Waits for one engine after the other, all of them before one deadline. */
export class EngineWait {
  readonly #options: EngineWaitOptions;
  readonly #deadline: number;

  constructor(options: EngineWaitOptions) {
    this.#options = options;
    this.#deadline = options.clock.monotonic() + options.withinMs;
  }

  /**
   * As `for`, of an engine that has answered and is now at work: an attempt that is under way is not given up, for it has
   * limits of its own. Only whether there is another one goes by the deadline.
   */
  async atWork<T>(engine: string, attempt: () => Promise<T>): Promise<T> {
    return await this.#try(engine, () => this.#unlessAborted(attempt()));
  }

  /**
   * What `attempt` resolves with, tried again each second until it does. `engine` says what is waited for, with its
   * addresses. A new reason is told once.
   * @throws StartError when the time is up, or at once where `attempt` does: waiting would not help
   */
  async for<T>(engine: string, attempt: () => Promise<T>, letGo: LetGo<T> = async () => undefined): Promise<T> {
    return await this.#try(engine, () => this.#once(attempt(), letGo));
  }

  async #try<T>(engine: string, once: () => Promise<T>): Promise<T> {
    const { clock, telemetry, signal } = this.#options;
    let told: string | undefined;
    for (;;) {
      try {
        const reached = await once();
        if (told !== undefined) telemetry.logger.info({ engine }, "the engine answers");
        return reached;
      } catch (error) {
        if (signal.aborted || error instanceof StartError) throw error;
        // What was heard before says more than that the time ran out over another attempt.
        const reason = error instanceof NoAnswer && told !== undefined ? told : reasonOf(error);
        const leftMs = this.#deadline - clock.monotonic();
        if (leftMs <= RETRY_EVERY_MS) {
          throw new StartError(
            `${engine} did not answer within ${this.#options.withinMs / 1000} s (${reason}); start it, name another, or wait longer with --engine-wait-seconds N`,
            { cause: error },
          );
        }
        if (reason !== told) {
          telemetry.logger.warn(
            { engine, reason },
            `waiting for ${engine}, ${Math.ceil(leftMs / 1000)} s more at most`,
          );
          told = reason;
        }
        await this.#pause();
      }
    }
  }

  /** One attempt, which may hang: then the time is up all the same. */
  async #once<T>(attempt: Promise<T>, letGo: LetGo<T>): Promise<T> {
    const leftMs = Math.max(RETRY_EVERY_MS, this.#deadline - this.#options.clock.monotonic());
    let isTaken = false;
    try {
      const done = await this.#within(leftMs, attempt);
      if (done === undefined) throw new NoAnswer("no answer");
      isTaken = true;
      return done.result;
    } finally {
      // Where it failed there is nothing to let go of.
      if (!isTaken) attempt.then(letGo).catch(() => undefined);
    }
  }

  async #pause(): Promise<void> {
    await this.#within(RETRY_EVERY_MS, new Promise<never>(() => undefined));
  }

  /** However long it takes. */
  async #unlessAborted<T>(attempt: Promise<T>): Promise<T> {
    const done = await this.#within(undefined, attempt);
    if (done === undefined) throw new NoAnswer("no answer");
    return done.result;
  }

  /** What `work` resolves with, or `undefined` when the time is up, if it is ever; rejects as soon as the start is called off. */
  async #within<T>(delayMs: number | undefined, work: Promise<T>): Promise<{ readonly result: T } | undefined> {
    const { clock, signal } = this.#options;
    let timer: Timer | undefined;
    let abort = (): void => undefined;
    try {
      return await new Promise((resolve, reject) => {
        signal.throwIfAborted();
        abort = () => reject(signal.reason);
        signal.addEventListener("abort", abort, { once: true });
        if (delayMs !== undefined) timer = clock.after(delayMs, () => resolve(undefined));
        work.then((result) => resolve({ result }), reject);
      });
    } finally {
      timer?.cancel();
      signal.removeEventListener("abort", abort);
    }
  }
}

/** Why an attempt failed, in a few words of one line. */
function reasonOf(error: unknown): string {
  const said = error instanceof Error ? error.message || error.name : String(error);
  const line = said.replace(/\s+/g, " ").trim();
  return line.length > REASON_LENGTH_MAX ? `${line.slice(0, REASON_LENGTH_MAX - 1)}…` : line;
}
