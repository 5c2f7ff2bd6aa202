/**
 * Whether those who are here may still be: what a live session was signed in with is asked again when a signal says that
 * something changed, and now and then all the same, for signals get lost; and whoever is banned from a room leaves it.
 */
import { atOnce } from "../at-once.ts";
import type { Clock } from "../clock.ts";
import type { Directory } from "../directory/directory.ts";
import type { Following } from "../fanout/following.ts";
import type { Session } from "../fanout/session.ts";
import type { Sessions } from "../fanout/sessions.ts";
import type { Signal, Signals } from "../signals/signals.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { Authenticator } from "./authenticator.ts";
import type { Bans } from "./bans.ts";

/** How often everybody is asked again, in milliseconds. */
export const RECHECK_EVERY_MS = 30_000;
/** How many sessions are asked about at a time. */
const ASKED_AT_ONCE = 16;

/** Looks after live sessions. */
export class LiveAccess {
  readonly #sessions: Sessions;
  readonly #authenticator: Authenticator;
  readonly #bans: Bans;
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  readonly #ended: (following: Following) => void;
  readonly #unsubscribe: () => void;
  readonly #directory: Directory;
  #writesElsewhere = 0;
  #isAskedAgain = true;

  constructor(options: {
    sessions: Sessions;
    authenticator: Authenticator;
    bans: Bans;
    directory: Directory;
    signals: Signals;
    clock: Clock;
    telemetry: Telemetry;
    /** Ends what a session hears of a room. */
    ended: (following: Following) => void;
  }) {
    this.#sessions = options.sessions;
    this.#authenticator = options.authenticator;
    this.#bans = options.bans;
    this.#clock = options.clock;
    this.#telemetry = options.telemetry;
    this.#ended = options.ended;
    this.#directory = options.directory;
    this.#unsubscribe = options.signals.subscribe((signal) => this.#heard(signal));
  }

  /** Asks everybody again. */
  async recheck(): Promise<void> {
    await this.#bans.load();
    const sessions = [...this.#sessions.all()];
    for (const session of sessions) this.#leaveBanned(session);
    await atOnce(ASKED_AT_ONCE, sessions, (session) => this.#ask(session));
  }

  /** Asks everybody again where an operator has changed something beside the server. Called once a second. */
  async recheckWhereWrittenElsewhere(): Promise<void> {
    const writes = await this.#directory.writesElsewhere();
    if (writes === this.#writesElsewhere && this.#isAskedAgain) return;
    // And once more the next time: for a second more somebody may have come in by what is remembered of the directory.
    this.#isAskedAgain = writes === this.#writesElsewhere;
    this.#writesElsewhere = writes;
    await this.recheck();
  }

  /** Ends the sessions whose token said until when it is good. Called once a second. */
  endExpired(): void {
    const now = this.#clock.now();
    for (const session of this.#sessions.all()) {
      if (session.credential?.type === "jwt" && session.credential.expiresAt <= now) this.#signOut(session);
    }
  }

  /** Hears no more signals. */
  close(): void {
    this.#unsubscribe();
  }

  #heard(signal: Signal): void {
    const work =
      signal.type === "access" ? this.#askAll(signal.user) : signal.type === "bans" ? this.#rebanned() : undefined;
    work?.catch((error: unknown) => this.#telemetry.internalError("live access", error));
  }

  async #askAll(user: string): Promise<void> {
    for (const session of [...this.#sessions.ofUser(user)]) await this.#ask(session);
  }

  async #rebanned(): Promise<void> {
    await this.#bans.load();
    for (const session of [...this.#sessions.all()]) this.#leaveBanned(session);
  }

  async #ask(session: Session): Promise<void> {
    const { credential } = session;
    if (credential === undefined || credential.type === "guest" || session.ended) return;
    if (await this.#authenticator.isValid(credential)) return;
    if (session.credential === credential) this.#signOut(session);
  }

  #signOut(session: Session): void {
    this.#sessions.close(session, "signed_out", "what you were signed in with has ended; sign in again");
  }

  #leaveBanned(session: Session): void {
    for (const [room, following] of [...session.followings]) {
      if (room.roster !== undefined) continue;
      const ban = this.#bans.find(session, room.id);
      if (ban === undefined) continue;
      const text = `you may not be in this room until ${new Date(ban.until).toISOString()}`;
      session.refuse("banned", text, room.name, undefined);
      this.#ended(following);
    }
  }
}
