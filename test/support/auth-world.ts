/**
 * Test support: accounts and authenticator over a directory in memory, in a mode that the test chooses, with time that
 * stands still until the test moves it.
 */
import { Accounts } from "../../src/server/auth/accounts.ts";
import { Authenticator, type Credentials } from "../../src/server/auth/authenticator.ts";
import type { JwtReader } from "../../src/server/auth/jwt.ts";
import { hashPassword } from "../../src/server/auth/passwords.ts";
import { RecentDirectory } from "../../src/server/auth/recent-directory.ts";
import type { User } from "../../src/server/auth/user.ts";
import type { AuthConfig } from "../../src/server/config/config.ts";
import type { Account } from "../../src/server/directory/directory.ts";
import { MemoryDirectory } from "../../src/server/directory/memory.ts";
import { MemorySignals } from "../../src/server/signals/memory.ts";
import type { Signal } from "../../src/server/signals/signals.ts";
import { IdMaker } from "../../src/server/uuid.ts";
import { FakeClock, SeededRandom } from "./fake-clock.ts";
import { OPEN_AUTH } from "./open-auth.ts";

/** What the test chooses. */
export interface AuthWorldOptions {
  readonly auth?: Partial<AuthConfig>;
  readonly directory?: MemoryDirectory;
  readonly clock?: FakeClock;
  readonly jwt?: JwtReader;
  readonly guestNames?: readonly string[];
}

/** One node's accounts, and what they said. */
export interface AuthWorld {
  readonly directory: MemoryDirectory;
  readonly signals: MemorySignals;
  readonly clock: FakeClock;
  readonly accounts: Accounts;
  readonly authenticator: Authenticator;
  /** Users whose access was told to have changed, in order. */
  readonly accessChanged: string[];
  /** What telemetry was told: `signed_in`, or the code of a refusal and the address. */
  readonly told: string[];
  /** Puts an account into the directory, as an admin does. */
  add(name: string, password: string | undefined, change?: Partial<Account>): Promise<Account>;
}

/** Makes one. */
export function authWorld(options: AuthWorldOptions = {}): AuthWorld {
  const { directory = new MemoryDirectory(), clock = new FakeClock(1_800_000_000_000) } = options;
  const auth: AuthConfig = { ...OPEN_AUTH, ...options.auth };
  const { chance } = new SeededRandom(7);
  const ids = new IdMaker(clock, chance);
  const signals = new MemorySignals((error) => {
    throw error;
  });
  const accessChanged: string[] = [];
  signals.subscribe((signal: Signal) => {
    if (signal.type === "access") accessChanged.push(signal.user);
  });
  const told: string[] = [];
  const telemetry = {
    signedIn: () => void told.push("signed_in"),
    signInRefused: (code: string, address: string) => void told.push(`${code} ${address}`),
  };
  const guestNames = new Set(options.guestNames);
  const isGuestName = (name: string): boolean => guestNames.has(name);
  const recent = new RecentDirectory(directory, clock);
  const parts = { directory, recent, auth, clock };
  const accounts = new Accounts({ ...parts, node: "n", signals, chance, ids, telemetry, isGuestName });
  const authenticator = new Authenticator({ ...parts, accounts, jwt: options.jwt });
  const add = async (name: string, password: string | undefined, change: Partial<Account> = {}): Promise<Account> => {
    const passwordHash = password === undefined ? undefined : await hashPassword(password, chance);
    const now = clock.now();
    const account: Account = {
      ...{ id: ids.make(), name, passwordHash, isAdmin: false, isDisabled: false, createdAt: now, updatedAt: now },
      ...change,
    };
    if (!(await directory.createAccount(account, now))) throw new Error(`${name} is taken`);
    return account;
  };
  return { directory, signals, clock, accounts, authenticator, accessChanged, told, add };
}

/** What a request shows; nothing but what the test names. */
export function shown(some: Partial<Credentials>): Credentials {
  return {
    ...{ cookie: undefined, userIdCookie: undefined, bearer: undefined, named: undefined, address: "192.0.2.1" },
    ...some,
  };
}

/** The user of an account. */
export const userOf = ({ id, name, isAdmin }: Account): User => ({ id, name, isGuest: false, isAdmin });
