/**
 * Configuration, beside all stages: every setting there is, once. Flags, environment variables, the keys of the file
 * and the help are all read off this schema. Pure.
 *
 * A setting's place here is its key in the file; its environment variable is `VERBATIM_` and that place in capitals
 * (`limits.outboxBytesMax` → `VERBATIM_LIMITS_OUTBOX_BYTES_MAX`); its flag, where it has one, the place with dashes.
 */
import { z } from "zod";
import type { Limits } from "../../protocol/limits.ts";
import { DEFAULT_LIMITS } from "../../protocol/limits.ts";
import { address, addressOrOff, amountOrOff, count, path, size, word, yesOrNo } from "./values.ts";

/** What a setting is besides its type. */
export interface SettingNote {
  /** What stands for the value in the help; `undefined` = the flag alone means `true`. */
  readonly placeholder: string | undefined;
  /** One line of help. */
  readonly says: string;
  /** Whether there is a flag; every setting has an environment variable and a key. */
  readonly flag: boolean;
}

/** The notes of all settings, by their schema. */
export const settingNotes = z.registry<SettingNote>();

function flag<Type extends z.ZodType>(type: Type, placeholder: string | undefined, says: string): Type {
  settingNotes.add(type, { placeholder, says, flag: true });
  return type;
}

function limit<Type extends z.ZodType>(type: Type, placeholder: string, says: string): Type {
  settingNotes.add(type, { placeholder, says, flag: false });
  return type;
}

/** A limit in bytes, with its default. */
const bytesLimit = (name: keyof Limits, says: string) => limit(size(1).prefault(DEFAULT_LIMITS[name]), "SIZE", says);

/** A limit that is a count, with its default. */
const countLimit = (name: keyof Limits, least: number, says: string) =>
  limit(count(least).prefault(DEFAULT_LIMITS[name]), "N", says);

const limits = z.strictObject({
  messageBytesMax: bytesLimit("messageBytesMax", "a message's text, in bytes of UTF-8"),
  lineBytesMax: bytesLimit("lineBytesMax", "one line over TCP"),
  outboxBytesMax: bytesLimit("outboxBytesMax", "what one session still has to be sent"),
  recentBytesMax: bytesLimit("recentBytesMax", "recent events kept in memory"),
  appendBytesMax: bytesLimit("appendBytesMax", "one batch of the log"),
  appendQueueBytesMax: bytesLimit("appendQueueBytesMax", "what waits to be appended"),
  roomsPerSessionMax: countLimit("roomsPerSessionMax", 1, "rooms that one session may follow"),
  historyPageMax: countLimit("historyPageMax", 1, "records in a page of history"),
  historyPageDefault: countLimit("historyPageDefault", 1, "records in a page where none are named"),
  pageBytesMax: bytesLimit("pageBytesMax", "a page of history, in bytes"),
  sessionsMax: countLimit("sessionsMax", 1, "sessions at once"),
  sessionsPerAddressMax: countLimit("sessionsPerAddressMax", 0, "sessions at once from one address, 0 = no limit"),
  messagesPerSecond: countLimit("messagesPerSecond", 0, "messages a second for one user, 0 = no limit"),
  messagesBurst: countLimit("messagesBurst", 1, "messages at once before messagesPerSecond holds"),
  presenceTellMax: countLimit("presenceTellMax", 1, "present in a room before names are no longer told one by one"),
} satisfies Record<keyof Limits, z.ZodType>);

/** Everything that can be set. Parsed from text or YAML values, with the defaults filled in. */
export const configSchema = z.strictObject({
  data: flag(path().prefault("./data"), "DIR", "the data folder"),
  rooms: flag(path().optional(), "FILE", "the rooms file (default: the one that comes with Verbatim)"),
  tcp: flag(address().prefault("127.0.0.1:8080"), "HOST:PORT", "where terminal clients connect"),
  http: flag(addressOrOff().prefault("127.0.0.1:8000"), "HOST:PORT", 'health and metrics; "off" = nowhere'),
  openAnyway: flag(yesOrNo().prefault(false), undefined, "serve without accounts on an address that is not loopback"),
  retain: z
    .strictObject({
      messages: flag(amountOrOff(true).prefault("off"), "N", "keep only the newest N messages of each room"),
      days: flag(amountOrOff(false).prefault("off"), "N", "keep only what is younger than N days"),
    })
    .prefault({}),
  logKeepBytes: flag(size(0).prefault("1GiB"), "SIZE", "keep at least so much of the log, 0 = for ever"),
  logLevel: flag(word(["debug", "info", "warn", "error"]).prefault("info"), "LEVEL", "debug, info, warn or error"),
  logFormat: flag(word(["auto", "pretty", "json"]).prefault("auto"), "FORMAT", "auto, pretty or json"),
  limits: limits.prefault({}),
});
