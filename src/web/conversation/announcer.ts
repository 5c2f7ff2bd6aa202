/**
 * The web client, conversation: tells a screen reader of new messages, once a second however many there are.
 */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { Message } from "../../sdk/types.ts";
import { announcement } from "./announcements.ts";
import type { PageTime } from "./page-time.ts";

/** How often it is told, in milliseconds. */
const EVERY_MS = 1_000;

/** Messages kept for the next sentence; beyond the few that are read only their number counts. */
const KEPT_MAX = 1_000;

/** Gathers what came, and says it. */
export class Announcer {
  readonly #time: PageTime;
  readonly #said = signal("");
  #fresh: Message[] = [];
  #cancel: (() => void) | undefined;

  constructor(time: PageTime) {
    this.#time = time;
  }

  /** What is to be read aloud. */
  get said(): ReadonlySignal<string> {
    return this.#said;
  }

  /** Somebody else said something. */
  heard(message: Message): void {
    if (this.#fresh.length < KEPT_MAX) this.#fresh.push(message);
    this.#cancel ??= this.#time.later(EVERY_MS, () => {
      this.#said.value = announcement(this.#fresh);
      this.#fresh = [];
      this.#cancel = undefined;
    });
  }

  /** Says no more. */
  stop(): void {
    this.#cancel?.();
  }
}
