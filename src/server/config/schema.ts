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
import { flag, unflagged } from "./notes.ts";
import { clusterSettings } from "./schema-cluster.ts";
import {
  address,
  addressOrOff,
  amount,
  amountOrOff,
  count,
  keysUrl,
  networks,
  origins,
  orOff,
  path,
  size,
  text,
  webAddress,
  word,
  yesOrNo,
} from "./values.ts";

/** The limits as they were set; `undefined` where the default depends on the mode. */
export type SetLimits = z.infer<typeof limits>;

/** The algorithms of JSON Web Signature that are sound, `none` not among them. */
const JWT_ALGORITHMS = [
  ...(["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] as const),
  ...(["ES256", "ES384", "ES512", "EdDSA", "Ed25519"] as const),
] as const;

/** A limit in bytes, with its default. */
const bytesLimit = (name: keyof Limits, says: string) =>
  unflagged(size(1).prefault(DEFAULT_LIMITS[name]), "SIZE", says);

/** A limit that is a count, with its default. */
const countLimit = (name: keyof Limits, least: number, says: string) =>
  unflagged(count(least).prefault(DEFAULT_LIMITS[name]), "N", says);

/** A limit that is a count, and another one where people sign in. */
const countByMode = (says: string) => unflagged(count(0).optional(), "N", `${says}, 0 = no limit`);

const limits = z.strictObject({
  messageBytesMax: bytesLimit("messageBytesMax", "a message's text, in bytes of UTF-8"),
  lineBytesMax: bytesLimit("lineBytesMax", "one line over TCP"),
  frameBytesMax: bytesLimit("frameBytesMax", "one frame over WebSocket"),
  bodyBytesMax: bytesLimit("bodyBytesMax", "the body of a request over HTTP"),
  membersBodyBytesMax: bytesLimit("membersBodyBytesMax", "the body of a request over HTTP that lists members"),
  outboxBytesMax: bytesLimit("outboxBytesMax", "what one session still has to be sent"),
  recentBytesMax: bytesLimit("recentBytesMax", "recent events kept in memory"),
  appendBytesMax: bytesLimit("appendBytesMax", "one batch of the log"),
  appendQueueBytesMax: bytesLimit("appendQueueBytesMax", "what waits to be appended"),
  roomsPerSessionMax: countLimit("roomsPerSessionMax", 1, "rooms that one session may follow"),
  chatsPerUserMax: countLimit("chatsPerUserMax", 1, "chats that one user may be in"),
  membersMax: countLimit("membersMax", 2, "members of one chat"),
  historyPageMax: countLimit("historyPageMax", 1, "records in a page of history"),
  historyPageDefault: countLimit("historyPageDefault", 1, "records in a page where none are named"),
  pageBytesMax: bytesLimit("pageBytesMax", "a page of history, in bytes"),
  sessionsMax: countLimit("sessionsMax", 1, "sessions at once"),
  sessionsPerAddressMax: countByMode("sessions at once from one address"),
  signInSecondsMax: countLimit("signInSecondsMax", 1, "seconds that a session has to say who it is where it must"),
  messagesPerSecond: countByMode("messages a second for one user"),
  messagesBurst: countLimit("messagesBurst", 1, "messages at once before messagesPerSecond holds"),
  presenceTellMax: countLimit("presenceTellMax", 1, "present in a room before names are no longer told one by one"),
} satisfies Record<keyof Limits, z.ZodType>);

/** The tokens of an identity provider. */
const jwt = z
  .strictObject({
    jwksUrl: flag(orOff(keysUrl()).prefault("off"), "URL", "where the provider's keys are fetched"),
    jwksFile: flag(orOff(path()).prefault("off"), "FILE", "the provider's keys as a JSON file"),
    publicKeyFile: flag(orOff(path()).prefault("off"), "FILE", "the provider's public key or certificate, PEM"),
    secretFile: flag(orOff(path()).prefault("off"), "FILE", "the secret that is shared with the provider"),
    algorithm: flag(orOff(word(JWT_ALGORITHMS)).prefault("off"), "ALG", "the one algorithm that is taken: RS256, …"),
    issuer: flag(orOff(text("an issuer")).prefault("off"), "TEXT", "the issuer that tokens must name"),
    audience: flag(orOff(text("an audience")).prefault("off"), "TEXT", "the audience that tokens must name"),
    userClaim: flag(text("a claim").prefault("sub"), "CLAIM", "the claim that says who it is"),
    nameClaim: flag(text("a claim").prefault("name"), "CLAIM", "the claim with the name that others see"),
    adminClaim: flag(orOff(text("a claim")).prefault("off"), "CLAIM[=VALUE]", "the claim that makes an admin"),
  })
  .prefault({});

/** The certificate. */
const tls = z
  .strictObject({
    cert: flag(orOff(path()).prefault("off"), "FILE", "the certificate with its chain, PEM"),
    key: flag(orOff(path()).prefault("off"), "FILE", "the certificate's key, PEM"),
    doors: flag(word(["both", "http", "tcp"]).prefault("both"), "WHICH", "the doors behind it: both, http or tcp"),
  })
  .prefault({});

/** Everything that can be set. Parsed from text or YAML values, with the defaults filled in. */
export const configSchema = z.strictObject({
  data: flag(path().prefault("./data"), "DIR", "the data folder"),
  rooms: flag(path().optional(), "FILE", "the rooms file (default: the one that comes with Verbatim)"),
  tcp: flag(address().prefault("127.0.0.1:8080"), "HOST:PORT", "where terminal clients connect"),
  http: flag(addressOrOff().prefault("127.0.0.1:8000"), "HOST:PORT", 'browsers, HTTP and WebSocket; "off" = nowhere'),
  ops: flag(addressOrOff().prefault("off"), "HOST:PORT", "health, metrics and docs for whoever can connect there"),
  auth: flag(word(["open", "password", "jwt"]).prefault("open"), "MODE", "who is who: open, password or jwt"),
  openAnyway: flag(yesOrNo().prefault(false), undefined, "serve in open mode on an address that is not loopback"),
  signUp: flag(word(["open", "invite", "closed"]).optional(), "WHO", "who may make an account: open, invite or closed"),
  guests: flag(yesOrNo().optional(), "YES|NO", "whether whoever shows nothing is a guest in the public rooms"),
  sessionDays: flag(amount().prefault(30), "N", "days that a browser stays signed in"),
  jwt,
  tls,
  trustProxy: flag(networks().prefault("off"), "CIDR,…", "proxies whose word is taken for a client's address"),
  proxyProtocol: flag(yesOrNo().prefault(false), undefined, "those begin TCP connections with a PROXY protocol header"),
  origin: flag(origins().prefault("off"), "URL,…", "origins by which browsers reach this server"),
  retain: z
    .strictObject({
      messages: flag(amountOrOff(true).prefault("off"), "N", "keep only the newest N messages of each room"),
      days: flag(amountOrOff(false).prefault("off"), "N", "keep only what is younger than N days"),
    })
    .prefault({}),
  logKeepBytes: flag(
    size(0).prefault("1GiB"),
    "SIZE",
    "keep at least so much of the log in the data folder, 0 = for ever",
  ),
  ...clusterSettings,
  traces: flag(
    orOff(webAddress()).prefault("off"),
    "URL",
    "where traces of messages are sent (OTLP over HTTP, http://127.0.0.1:4318/v1/traces)",
  ),
  traceEvery: flag(amount().prefault(100), "N", "one message in N is traced"),
  logLevel: flag(word(["debug", "info", "warn", "error"]).prefault("info"), "LEVEL", "debug, info, warn or error"),
  logFormat: flag(word(["auto", "pretty", "json"]).prefault("auto"), "FORMAT", "auto, pretty or json"),
  limits: limits.prefault({}),
});
