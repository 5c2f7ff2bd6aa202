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

/** How people say who they are: by a name alone, by a password, or by a token of their own identity provider. */
export type AuthMode = "open" | "password" | "jwt";

/** Who may make an account: anybody, whoever has an invite, or only the operator. */
export type SignUp = "open" | "invite" | "closed";

/** Where the key stands that tokens are checked with. */
export type JwtKeys =
  | { readonly type: "jwks_url"; readonly url: string }
  /** Paths are absolute. */
  | { readonly type: "jwks_file" | "public_key_file" | "secret_file"; readonly path: string };

/** How tokens of an identity provider are read. */
export interface JwtConfig {
  readonly keys: JwtKeys;
  /** The one algorithm that tokens may be signed with. */
  readonly algorithm: string;
  readonly issuer: string;
  readonly audience: string;
  /** The claim that says who it is, unique and for ever with its issuer. */
  readonly userClaim: string;
  /** The claim with the name that others see. */
  readonly nameClaim: string;
  /** The claim that makes an admin: there where it is `true`, or where it is, or lists, `value`; `undefined` = none. */
  readonly adminClaim: { readonly name: string; readonly value: string | undefined } | undefined;
}

/** Who is who. */
export interface AuthConfig {
  readonly mode: AuthMode;
  /** Whether open mode may serve on an address that is not loopback. */
  readonly openAnyway: boolean;
  /** Who may make an account over HTTP. */
  readonly signUp: SignUp;
  /** Whether whoever shows nothing is a guest in the public rooms. */
  readonly guests: boolean;
  /** How long a browser stays signed in, in days. */
  readonly sessionDays: number;
  /** In mode `jwt`, and only then. */
  readonly jwt: JwtConfig | undefined;
}

/** The certificate, and which doors are behind it. */
export interface TlsConfig {
  /** PEM files, absolute: the certificate with its chain, and its key. */
  readonly cert: string;
  readonly key: string;
  readonly http: boolean;
  readonly tcp: boolean;
}

/** A secret, or the file whose first line it is. */
export type Secret =
  | { readonly type: "text"; readonly text: string }
  /** The path is absolute. */
  | { readonly type: "file"; readonly path: string };

/** How a node connects to engines: any of them that answers names the others. */
export interface EngineConfig {
  /** One at least; each has a port. */
  readonly addresses: readonly Listen[];
  readonly login: { readonly user: string; readonly password: Secret } | undefined;
  /** `undefined` = in the clear; `ca` is a PEM file, absolute, and without it whom Node trusts. */
  readonly tls: { readonly ca: string | undefined } | undefined;
}

/** How a node proves a password to the brokers. */
export type KafkaMechanism = "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512";

/** The brokers with log and signals. */
export interface KafkaConfig extends EngineConfig {
  readonly mechanism: KafkaMechanism;
  /** The topic that is the log, and the one by which nodes tell each other what passes. */
  readonly topic: string;
  readonly signalsTopic: string;
  /** How many partitions a new topic gets. */
  readonly partitions: number;
  /** How many replicas a new topic gets; `undefined` = three, or as many as there are brokers. */
  readonly replication: number | undefined;
  /** Only what is older than so many hours may be removed from the log, 24 or more; `undefined` = nothing ever. */
  readonly keepHours: number | undefined;
  /** Whether the topic is taken though its settings are not as they should be. */
  readonly acceptTopic: boolean;
}

/** The database with store and directory. */
export interface CqlConfig extends EngineConfig {
  readonly keyspace: string;
  /** `undefined` = that of the node that answers. */
  readonly datacenter: string | undefined;
  /** The map of CQL for a new keyspace; `undefined` = by datacenter, three replicas or as many as there are nodes. */
  readonly replication: string | undefined;
}

/** What makes a server one node among others. */
export interface ClusterConfig {
  readonly kafka: KafkaConfig;
  readonly cql: CqlConfig;
  /** Whether this node makes tables and topics that are missing, or refuses to start without them. */
  readonly migrates: boolean;
  /** How long a start waits for engines that do not answer, in seconds. */
  readonly engineWaitSeconds: number;
}

/** The effective configuration of one server. */
export interface Config {
  /** The data folder, absolute; a node of a cluster has none and leaves it alone. */
  readonly data: string;
  /** The rooms file, absolute. */
  readonly rooms: string;
  /** Where the TCP door listens. */
  readonly tcp: Listen;
  /** Where the HTTP door listens; `undefined` = nowhere. */
  readonly http: Listen | undefined;
  /** Where health, metrics and docs are answered to whoever can connect there; `undefined` = on `http`, for admins. */
  readonly ops: Listen | undefined;
  readonly auth: AuthConfig;
  readonly tls: TlsConfig | undefined;
  /** The networks, as `ADDRESS/BITS`, whose word is taken for a client's address. */
  readonly trustProxy: readonly string[];
  /** Whether a TCP connection from one of those begins with a PROXY protocol header. */
  readonly proxyProtocol: boolean;
  /** Origins (`https://chat.example.org`) whose pages may speak to this server; their hosts are names of it. */
  readonly origins: readonly string[];
  readonly limits: Limits;
  readonly retention: Retention;
  /** How many bytes of log are kept at least in the data folder; 0 = for ever. */
  readonly logKeepBytes: number;
  /** `undefined` = a server by itself, over a data folder. */
  readonly cluster: ClusterConfig | undefined;
  /** Where the way of one message in `every` is sent; `undefined` = nowhere. */
  readonly traces: { readonly url: string; readonly every: number } | undefined;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}
