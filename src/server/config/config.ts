/**
 * Configuration, beside all stages: the one typed value that everything is started from. Deeply frozen; who holds it
 * can't change it. `make-config.ts` makes it, nothing else does.
 */
import type { Limits } from "../../protocol/limits.ts";

/** Where to listen. Port 0 lets the machine choose. */
export interface Listen {
  /** An IP address without brackets, or a host name. */
  readonly host: string;
  readonly port: number;
}

/** How much is logged. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** How log lines look: for a person, as JSON, or whichever fits where they go. */
export type LogFormat = "auto" | "pretty" | "json";

/** What retention leaves in a room; `undefined` = no limit of that sort. */
export interface Retention {
  /** The newest so many messages of each room. */
  readonly messages: number | undefined;
  /** What is younger than so many days. */
  readonly days: number | undefined;
}

/** The effective configuration of one server. */
export interface Config {
  /** The data folder, absolute. */
  readonly data: string;
  /** The rooms file, absolute. */
  readonly rooms: string;
  /** Where the TCP door listens. */
  readonly tcp: Listen;
  /** Where health and metrics are answered; `undefined` = nowhere. */
  readonly http: Listen | undefined;
  readonly limits: Limits;
  readonly retention: Retention;
  /** How many bytes of log are kept at least; 0 = for ever. */
  readonly logKeepBytes: number;
  /** Whether open mode may serve on an address that is not loopback. */
  readonly openAnyway: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}
