/**
 * The port of the directory: who people are, the little that is not a record of a room. So far that is guests, who
 * share the table of names with the accounts to come. Adapters stand beside this file and pass
 * `test/contract/directory.ts`.
 */
import type { Uuid } from "../record.ts";

/** A guest who asked to be known again. */
export interface Guest {
  readonly id: Uuid;
  /** Five characters; what others see. */
  readonly name: string;
  /** Until when they are known, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** The directory. Names are compared without regard to case nowhere yet: guests' names differ in case too. */
export interface Directory {
  /**
   * Keeps a guest under the hash of their session, replacing what stood there, and resolves when that is durable:
   * `false`, and nothing written, where the name belongs to somebody else who has not expired at `now`. Two at once for
   * one name: one wins. A name belongs to its guest until the latest `expiresAt` that was kept with it, whatever
   * becomes of the session.
   */
  saveGuest(sessionHash: string, guest: Guest, now: number): Promise<boolean>;

  /** The guest of a session, or `undefined` where there is none or it expired at or before `now`. */
  findGuest(sessionHash: string, now: number): Promise<Guest | undefined>;

  /** Whether a name belongs to somebody who has not expired at `now`. */
  isNameTaken(name: string, now: number): Promise<boolean>;

  /** Forgets the guests who expired at or before `now`, and resolves with how many. */
  removeExpired(now: number): Promise<number>;

  /** Finishes what is being written and lets go of everything. */
  close(): Promise<void>;
}
