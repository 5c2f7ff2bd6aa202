/**
 * Who a session is: the keys with which an identity provider's tokens are checked, read from files once or fetched from
 * the provider and kept. Touches those files, or that one address.
 */
import { readFile } from "node:fs/promises";
import type { JSONWebKeySet, JWTHeaderParameters } from "jose";
import { createLocalJWKSet, errors, importSPKI, importX509 } from "jose";
import type { Clock } from "../clock.ts";
import { CommandError } from "../commands/command-error.ts";
import type { JwtConfig } from "../config/config.ts";
import { StartError } from "../start-error.ts";
import { fetchJson } from "./fetch-json.ts";

/** A key as jose takes it. */
export type JwtKey = Awaited<ReturnType<typeof importSPKI>> | Uint8Array;

/** Where keys come from. */
export interface JwtKeySource {
  /**
   * The key that a token's header names. Throws an error of jose's where there is none, and `unavailable` where it can't
   * be found out right now.
   */
  keyFor(header: JWTHeaderParameters): Promise<JwtKey>;
}

/** What the keys need. */
export interface JwtKeysOptions {
  readonly jwt: JwtConfig;
  readonly clock: Clock;
  /** Hears why keys could not be fetched. Must not throw. */
  readonly failed: (error: unknown) => void;
}

/** The bytes that a shared secret has at least: as many as its hash gives (RFC 7518, section 3.2). */
const SECRET_BYTES_MIN: Readonly<Record<string, number>> = { HS256: 32, HS384: 48, HS512: 64 };

/**
 * Opens the keys.
 * @throws StartError, one line, where a file can't be read or holds no key for the algorithm
 */
export async function openJwtKeys({ jwt, clock, failed }: JwtKeysOptions): Promise<JwtKeySource> {
  const { keys, algorithm } = jwt;
  switch (keys.type) {
    case "jwks_url":
      return new FetchedKeys(keys.url, clock, failed);
    case "jwks_file":
      return await fromFile("--jwt-jwks-file", keys.path, (bytes) => keySet(JSON.parse(bytes.toString("utf8"))));
    case "public_key_file":
      return await fromFile("--jwt-public-key-file", keys.path, async (bytes) => {
        const pem = bytes.toString("utf8").trim();
        const read = pem.startsWith("-----BEGIN CERTIFICATE-----") ? importX509 : importSPKI;
        return oneKey(await read(pem, algorithm));
      });
    case "secret_file":
      return await fromFile("--jwt-secret-file", keys.path, (bytes) => {
        // An editor ends the last line; that is no part of the secret.
        const secret = bytes.subarray(0, /\r?\n$/.exec(bytes.toString("latin1"))?.index ?? bytes.length);
        const least = SECRET_BYTES_MIN[algorithm] ?? 0;
        if (secret.length < least) throw new Error(`${algorithm} needs ${least} bytes, it has ${secret.length}`);
        return oneKey(new Uint8Array(secret));
      });
  }
}

async function fromFile(
  flag: string,
  path: string,
  read: (bytes: Buffer) => JwtKeySource | Promise<JwtKeySource>,
): Promise<JwtKeySource> {
  try {
    return await read(await readFile(path));
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\s+/g, " ") : String(error);
    throw new StartError(`${flag}: ${path} gives no key to check tokens with (${reason})`, { cause: error });
  }
}

const oneKey = (key: JwtKey): JwtKeySource => ({ keyFor: async () => key });

/** Throws an error of jose's where that is no key set. */
function keySet(json: unknown): JwtKeySource {
  const find = createLocalJWKSet(json as JSONWebKeySet);
  if ((json as JSONWebKeySet).keys.length === 0) throw new errors.JWKSInvalid("there is no key in it");
  return { keyFor: (header) => find(header) };
}

/** How long keys are taken as they are, in milliseconds. */
const FRESH_MS = 600_000;
/** How long keys are good while the provider can't be reached, in milliseconds: its bad hour must not be ours. */
const GOOD_MS = 86_400_000;
/** The shortest time between two questions to the provider, in milliseconds: tokens with unknown keys cost nothing. */
const ASK_EVERY_MS = 30_000;
/** The same where there is no key yet. */
const FIRST_EVERY_MS = 2_000;

/** The keys at an address. */
class FetchedKeys implements JwtKeySource {
  readonly #url: string;
  readonly #clock: Clock;
  readonly #failed: (error: unknown) => void;
  #keys: { readonly source: JwtKeySource; readonly at: number } | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;

  constructor(url: string, clock: Clock, failed: (error: unknown) => void) {
    this.#url = url;
    this.#clock = clock;
    this.#failed = failed;
  }

  async keyFor(header: JWTHeaderParameters): Promise<JwtKey> {
    const age = this.#age();
    if (age > GOOD_MS) await this.#ask(FIRST_EVERY_MS);
    // Nobody waits for keys that are only a little old.
    else if (age > FRESH_MS) void this.#ask(ASK_EVERY_MS);
    try {
      return await this.#current().keyFor(header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      // The provider may have a new key.
      await this.#ask(ASK_EVERY_MS);
      return await this.#current().keyFor(header);
    }
  }

  #age(): number {
    return this.#keys === undefined ? Number.POSITIVE_INFINITY : this.#clock.monotonic() - this.#keys.at;
  }

  #current(): JwtKeySource {
    if (this.#keys === undefined || this.#age() > GOOD_MS) {
      throw new CommandError("unavailable", "the identity provider's keys can't be had right now; try again");
    }
    return this.#keys.source;
  }

  /** Asks the provider, unless that was done a moment ago. Never rejects. */
  async #ask(everyMs: number): Promise<void> {
    const now = this.#clock.monotonic();
    if (this.#asking === undefined && now - this.#askedAt >= everyMs) {
      this.#askedAt = now;
      this.#asking = this.#fetch().finally(() => {
        this.#asking = undefined;
      });
    }
    await this.#asking;
  }

  async #fetch(): Promise<void> {
    try {
      const source = keySet(await fetchJson(this.#url, this.#clock));
      this.#keys = { source, at: this.#clock.monotonic() };
    } catch (error) {
      this.#failed(error);
    }
  }
}
