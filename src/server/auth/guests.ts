/**
 * Who a session is that has no account: a guest, somebody with an id and a name of five characters. A guest who says
 * `hello` or sends a message with a key is written down before the first answer and comes back with the same session text
 * for a day; who does neither leaves no trace.
 */
import { createHash } from "node:crypto";
import { customRandom, urlAlphabet } from "nanoid";
import { GUEST_KNOWN_MS } from "../../protocol/limits.ts";
import type { Chance, Clock } from "../clock.ts";
import type { Directory } from "../directory/directory.ts";
import type { IdMaker } from "../uuid.ts";
import type { User } from "./user.ts";

const SESSION_LENGTH = 21;
const NAME_LENGTH = 5;
/** How often the guests who are here are written down anew, in milliseconds: well within the time they are known. */
export const REFRESH_EVERY_MS = 60 * 60 * 1000;

/** A guest who is here, with one session or more. */
export interface LiveGuest extends User {
  readonly token: string;
}

interface Here extends LiveGuest {
  sessions: number;
  /** The write that is under way. */
  saving: Promise<boolean> | undefined;
  /** Whether the directory knows them. */
  saved: boolean;
}

/** The guests of this node. */
export class Guests {
  readonly #directory: Directory;
  readonly #clock: Clock;
  readonly #ids: IdMaker;
  /** A new session text, of 21 characters. */
  readonly newToken: () => string;
  readonly #newName: () => string;
  readonly #here = new Map<string, Here>();
  readonly #names = new Set<string>();

  readonly #isElsewhere: (name: string) => boolean;

  /** `isElsewhere` says whether somebody of a name, without regard to case, is present by another node. */
  constructor(
    directory: Directory,
    clock: Clock,
    chance: Chance,
    ids: IdMaker,
    isElsewhere: (name: string) => boolean,
  ) {
    this.#isElsewhere = isElsewhere;
    this.#directory = directory;
    this.#clock = clock;
    this.#ids = ids;
    const random = (bytes: number): Uint8Array => {
      const pool = new Uint8Array(bytes);
      chance(pool);
      return pool;
    };
    this.newToken = customRandom(urlAlphabet, SESSION_LENGTH, random);
    this.#newName = customRandom(urlAlphabet, NAME_LENGTH, random);
  }

  /** A new guest with a name that nobody has. */
  async admit(): Promise<LiveGuest> {
    let name = this.#newName();
    while (this.#isUsed(name) || (await this.#directory.isNameTaken(name, this.#clock.now()))) name = this.#newName();
    // Taken by another connection while the directory was asked.
    if (this.#isUsed(name)) return await this.admit();
    return this.#enter({
      token: this.newToken(),
      id: this.#ids.make(),
      name,
      isGuest: true,
      isAdmin: false,
      sessions: 0,
      saving: undefined,
      saved: false,
    });
  }

  /** The guest of an earlier session, with one session more, or `undefined` where nobody is known by it. */
  async back(token: string): Promise<LiveGuest | undefined> {
    const found =
      this.#here.get(token) === undefined
        ? await this.#directory.findGuest(hashOf(token), this.#clock.now())
        : undefined;
    const here = this.#here.get(token);
    if (here !== undefined) return this.#enter(here);
    if (found === undefined) return undefined;
    const { id, name } = found;
    const who = { token, id, name, isGuest: true, isAdmin: false };
    return this.#enter({ ...who, sessions: 0, saving: undefined, saved: true });
  }

  /** Writes a guest down, once; rejects where the directory can't. `false` where the name was taken meanwhile. */
  async save(token: string): Promise<boolean> {
    const here = this.#here.get(token);
    if (here === undefined) return false;
    if (here.saved) return true;
    here.saving ??= this.#write(here).finally(() => {
      here.saving = undefined;
    });
    here.saved = await here.saving;
    return here.saved;
  }

  /** Whether a guest who is here, or is seen in a room by another node, has a name, without regard to case. */
  isHere(name: string): boolean {
    if ([...name].length !== NAME_LENGTH) return false;
    if (this.#isElsewhere(name)) return true;
    for (const taken of this.#names) if (taken.toLowerCase() === name.toLowerCase()) return true;
    return false;
  }

  /** Whether a guest is written down. */
  isSaved(token: string): boolean {
    return this.#here.get(token)?.saved === true;
  }

  /** One session of a guest is over. Their day begins anew. */
  async leave(token: string): Promise<void> {
    const here = this.#here.get(token);
    if (here === undefined) return;
    here.sessions -= 1;
    if (here.sessions > 0) return;
    this.#here.delete(token);
    this.#names.delete(here.name);
    if (here.saved) await this.#write(here);
  }

  /** Lets the day of all who are here begin anew, and forgets those whose day is over. */
  async refresh(): Promise<void> {
    for (const here of [...this.#here.values()]) if (here.saved) await this.#write(here);
    await this.#directory.removeExpired(this.#clock.now());
  }

  #enter(here: Here): LiveGuest {
    here.sessions += 1;
    this.#here.set(here.token, here);
    this.#names.add(here.name);
    return here;
  }

  /** Whether a name can't be given away: guests who were never written down are known to their own node alone. */
  #isUsed(name: string): boolean {
    return this.#names.has(name) || this.#isElsewhere(name);
  }

  async #write({ token, id, name }: Here): Promise<boolean> {
    const now = this.#clock.now();
    return await this.#directory.saveGuest(hashOf(token), { id, name, expiresAt: now + GUEST_KNOWN_MS }, now);
  }
}

/** What stands in the directory in place of the session text, so that a stolen folder lets nobody in. */
const hashOf = (token: string): string => createHash("sha256").update(token).digest("base64url");
