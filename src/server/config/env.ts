/**
 * Configuration, beside all stages: reads what there is to read (environment, file, current folder) and nothing more;
 * what it means is for `make-config.ts`. The only file of the server that touches the environment.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { StartError } from "../start-error.ts";
import { ENV_PREFIX } from "./settings.ts";

/** The environment variable that names the file, as `--config` does. */
const CONFIG_ENV = `${ENV_PREFIX}CONFIG`;

/** The environment variable with a client's token, as `verbatim send` reads it. No setting of a server's. */
const TOKEN_ENV = `${ENV_PREFIX}TOKEN`;

/** Everything that a configuration is made from, as it was found. */
export interface Sources {
  /** Flag (without dashes) → what was given: text, or `true` for a flag that takes no value. */
  readonly flags: ReadonlyMap<string, string | true>;
  /** Our environment variables: whole name → value. */
  readonly env: ReadonlyMap<string, string>;
  readonly file: ConfigFile | undefined;
  /** What paths in flags and environment are relative to. */
  readonly folder: string;
  /** The rooms file that comes with the package. */
  readonly shippedRooms: string;
}

/** The configuration file, not parsed yet. */
export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

/**
 * Reads the sources. `configFlag` is what `--config` was given.
 * @throws StartError where the configuration file can't be read.
 */
export function readSources(flags: ReadonlyMap<string, string | true>, configFlag: string | undefined): Sources {
  const env = new Map<string, string>();
  for (const [name, value] of Object.entries(process.env)) {
    if (!name.startsWith(ENV_PREFIX) || name === CONFIG_ENV || name === TOKEN_ENV) continue;
    // An empty variable is how container files write one that is not set.
    if (value !== undefined && value !== "") env.set(name, value);
  }
  const folder = process.cwd();
  const fromEnv = process.env[CONFIG_ENV];
  const named = configFlag ?? (fromEnv === "" ? undefined : fromEnv);
  const file = named === undefined ? undefined : readFile(resolve(folder, named), configFlag === undefined);
  return { flags, env, file, folder, shippedRooms: shippedRooms() };
}

/** What the environment says to the commands that are clients. */
export interface ClientEnvironment {
  readonly token: string | undefined;
  /** Whether whoever started the program wants no colour (`NO_COLOR`), or the terminal has none. */
  readonly isPlain: boolean;
}

/** Reads what the environment says to the commands that are clients. */
export function readClientEnvironment(): ClientEnvironment {
  const { NO_COLOR: noColor, TERM: terminal } = process.env;
  const token = process.env[TOKEN_ENV];
  return {
    token: token === "" ? undefined : token,
    isPlain: (noColor !== undefined && noColor !== "") || terminal === "dumb",
  };
}

/**
 * Has React load its quick form, which it picks by this variable when it is first imported: the other one is for those
 * who look for mistakes in views, and is several times slower.
 */
export function preferQuickReact(): void {
  process.env["NODE_ENV"] ??= "production";
}

function readFile(path: string, fromEnv: boolean): ConfigFile {
  try {
    return { path, text: readFileSync(path, "utf8") };
  } catch (error) {
    const source = fromEnv ? CONFIG_ENV : "--config";
    throw new StartError(`${source}: the configuration file ${path} can't be read (${reason(error)})`, {
      cause: error,
    });
  }
}

/** The rooms file stands at the root of the package, three folders up from here in `src` and in `dist` alike. */
function shippedRooms(): string {
  return fileURLToPath(new URL("../../../resources/rooms.json", import.meta.url));
}

function reason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  if (code === "EISDIR") return "it is a folder";
  return error instanceof Error ? error.message : String(error);
}
