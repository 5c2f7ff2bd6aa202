/**
 * Who a session is: passwords as argon2id hashes. Touches nothing but the processor and a thread of Node's pool, which
 * it shares with the flushes of the log: so at most two hashes are made at once, and what waits is bounded.
 */
import { hash, verify } from "@node-rs/argon2";
import type { Chance } from "../clock.ts";
import { CommandError } from "../commands/command-error.ts";

/**
 * What a hash costs: 19 MiB, two passes, one thread, the setting that the OWASP Password Storage Cheat Sheet names first
 * as its minimum for argon2id. The hash says what it was made with, so a later change reads the older ones too.
 */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 } as const;
const SALT_BYTES = 16;

/** Hashes at once: two of the four threads in Node's pool stay free for the disk. */
const AT_ONCE_MAX = 2;
/** Hashes that wait at most; at about 20 ms each that is a few seconds. */
const WAITING_MAX = 256;

/** The shortest password, in characters: NIST SP 800-63B's least. */
export const PASSWORD_LENGTH_MIN = 8;
/** The longest password, in characters. A bound, for hashing without one is work that anybody could ask for. */
export const PASSWORD_LENGTH_MAX = 256;

/** What is wrong with a password that somebody chooses, or `undefined`. The text is for a person. */
export function passwordFault(password: string): string | undefined {
  const length = [...password.normalize("NFC")].length;
  if (length < PASSWORD_LENGTH_MIN) return `a password has ${PASSWORD_LENGTH_MIN} characters at least`;
  if (length > PASSWORD_LENGTH_MAX) return `a password has ${PASSWORD_LENGTH_MAX} characters at most`;
  return undefined;
}

/** The encoded argon2id hash of a password, with a salt of its own. */
export async function hashPassword(password: string, chance: Chance): Promise<string> {
  const salt = new Uint8Array(SALT_BYTES);
  chance(salt);
  // The algorithm is left to the library's default, argon2id: its names are a `const enum`, which only its own code may use.
  return await hash(password.normalize("NFC"), { ...COST, salt });
}

/** Whether a password is the one of an encoded hash. Rejects where that is no such hash. */
export async function checkPassword(encoded: string, password: string): Promise<boolean> {
  return await verify(encoded, password.normalize("NFC"));
}

/** The passwords of a server, which many may ask about at once. */
export class Passwords {
  readonly #chance: Chance;
  readonly #checkPassword: typeof checkPassword;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #nobodys: Promise<string> | undefined;

  /** `check` is another than ours only where a test counts what is done. */
  constructor(chance: Chance, check = checkPassword) {
    this.#chance = chance;
    this.#checkPassword = check;
  }

  /** As `hashPassword`, in its turn. Throws `unavailable` where too many wait. */
  async hash(password: string): Promise<string> {
    return await this.#inTurn(() => hashPassword(password, this.#chance));
  }

  /**
   * Whether a password is that of an encoded hash, in its turn. Without a hash the answer is no, and takes as long: how
   * long it takes must not tell which names there are. Throws `unavailable` where too many wait.
   */
  async check(encoded: string | undefined, password: string): Promise<boolean> {
    // Waited for in either case, or the first check without an account would take twice as long.
    this.#nobodys ??= this.#hashOfNobody();
    const nobodys = await this.#nobodys;
    const against = encoded ?? nobodys;
    // What is too long to have been chosen is as wrong as any, at the same price.
    const tried = password.length > PASSWORD_LENGTH_MAX * 4 ? "" : password;
    const isRight = await this.#inTurn(() => this.#checkPassword(against, tried));
    return isRight && encoded !== undefined && tried === password;
  }

  /** The hash of a password that nobody has. */
  #hashOfNobody(): Promise<string> {
    const bytes = new Uint8Array(SALT_BYTES);
    this.#chance(bytes);
    return hashPassword(Buffer.from(bytes).toString("base64url"), this.#chance);
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= AT_ONCE_MAX) {
      if (this.#waiting.length >= WAITING_MAX) throw new CommandError("unavailable", "too many sign in; try again");
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    } else {
      this.#running += 1;
    }
    try {
      return await work();
    } finally {
      // The place passes to the next one at once, or somebody who comes in between would be a third.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
