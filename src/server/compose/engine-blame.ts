/**
 * Around the stages: which setting is to blame where an engine turns a node away that starts. Drivers say what happened to
 * a socket; whoever starts a node wants to know which of its settings does not fit. Pure.
 */
import type { EngineConfig } from "../config/config.ts";
import { StartError } from "../start-error.ts";

/** An engine as it is configured. */
export interface BlamedEngine {
  /** What its settings begin with. */
  readonly name: "kafka" | "cql";
  /** How a person knows it, with its addresses. */
  readonly who: string;
  readonly config: Pick<EngineConfig, "login" | "tls">;
  /** How the password is proved, where there is a choice. */
  readonly mechanism: string | undefined;
}

/** A failure with all that it was made of, in the words and codes of drivers and of Node. */
interface Failure {
  readonly code: unknown;
  /** The error of Kafka's API, as its name. */
  readonly apiId: unknown;
  readonly name: string;
  readonly message: string;
}

/** Codes of certificates that nobody known has signed, and of such as are not valid now. */
const UNKNOWN_AUTHORITY =
  /^(UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED|INVALID_CA)$/;
const NOT_VALID_NOW = /^(CERT_HAS_EXPIRED|CERT_NOT_YET_VALID)$/;
/** What is heard of one that expects something else on this port: it closes without a word. */
const CLOSED = /ECONNRESET|connection (was )?closed|socket was closed/i;
const NO_TLS = /TLS handshake failed|before secure TLS connection/i;

/**
 * The error to give up with, where waiting can't help; one that says more, where it may; otherwise the same. No line holds
 * a password.
 */
export function blamed(error: unknown, engine: BlamedEngine): unknown {
  if (error instanceof StartError) return error;
  const failures = failuresIn(error);
  const line = refusalOf(failures, engine);
  if (line !== undefined) return new StartError(line, { cause: error });
  const hint = hintOf(failures, engine);
  if (hint === undefined || !(error instanceof Error)) return error;
  return new Error(`${error.message}; ${hint}`, { cause: error });
}

function refusalOf(failures: readonly Failure[], engine: BlamedEngine): string | undefined {
  const { name, who, config, mechanism } = engine;
  const login = config.login;
  const coded = (codes: RegExp): Failure | undefined => failures.find(({ code }) => codes.test(String(code)));
  const saidApi = (id: string): boolean => failures.some(({ apiId }) => apiId === id);

  const misnamed = coded(/^ERR_TLS_CERT_ALTNAME_INVALID$/);
  if (misnamed !== undefined) {
    const advice = `name it in --${name} as its certificate does, or give it one for this name`;
    return `${who}: its certificate is for somebody else (${misnamed.message}); ${advice}`;
  }
  const unknown = coded(UNKNOWN_AUTHORITY);
  if (unknown !== undefined) {
    const advice = `name the authority that signed it with --${name}-ca FILE`;
    return `${who}: its certificate is signed by nobody whom this node trusts (${unknown.message}); ${advice}`;
  }
  const invalid = coded(NOT_VALID_NOW);
  if (invalid !== undefined) {
    return `${who}: its certificate is not valid now (${invalid.message}); renew it there, or set the clock`;
  }
  if (coded(/^ERR_SSL_WRONG_VERSION_NUMBER$/) !== undefined) {
    return `${who}: it speaks no TLS on this port; drop --${name}-tls, or name the port where it does`;
  }
  if (failures.some(({ message }) => message === "Broker requires TLS.")) {
    return `${who}: it speaks TLS alone on this port; add --${name}-tls`;
  }
  const forbidden = failures.find((failure) => failure.name === "TopicForbidden");
  if (forbidden !== undefined) return `${who}: ${login?.user ?? "this node"} ${forbidden.message}`;
  if (saidApi("UNSUPPORTED_SASL_MECHANISM")) {
    return `${who}: it does not take ${mechanism}; choose another --${name}-mechanism`;
  }
  if (saidApi("ILLEGAL_SASL_STATE")) {
    return `${who}: it asks nobody for a password on this port; drop --${name}-user, or name the port where it does`;
  }
  const isRefused =
    saidApi("SASL_AUTHENTICATION_FAILED") ||
    (name === "cql" && failures.some((failure) => failure.name === "AuthenticationError"));
  if (!isRefused) return undefined;
  if (login === undefined) {
    return `${who}: it asks for a user and a password; set --${name}-user NAME and --${name}-password-file FILE`;
  }
  const proof = mechanism === undefined ? "" : `, or --${name}-mechanism, which is ${mechanism}`;
  return `${who}: it does not take user ${login.user} with this password; look at --${name}-user and --${name}-password-file (or ${name}Password)${proof}`;
}

/** What may be wrong where an engine closes the connection without a word, which it may also do while it starts. */
function hintOf(failures: readonly Failure[], { name, config }: BlamedEngine): string | undefined {
  const said = failures.map(({ code, message }) => `${code} ${message}`);
  if (said.some((text) => NO_TLS.test(text))) return `if it speaks no TLS on this port, drop --${name}-tls`;
  if (!said.some((text) => CLOSED.test(text))) return undefined;
  const hints: string[] = [];
  if (config.tls === undefined) hints.push(`if it asks for TLS on this port, add --${name}-tls`);
  if (config.login === undefined) hints.push(`if it asks for a password, set --${name}-user`);
  return hints.length === 0 ? undefined : hints.join("; ");
}

/** An error, and all that it wraps. */
function failuresIn(error: unknown): readonly Failure[] {
  const found: Failure[] = [];
  const seen = new Set<unknown>();
  const rest: unknown[] = [error];
  while (rest.length > 0) {
    const next = rest.pop();
    if (!(next instanceof Error) || seen.has(next)) continue;
    seen.add(next);
    const { code, apiId, errors, innerErrors } = next as Error & Readonly<Record<string, unknown>>;
    found.push({ code, apiId, name: next.name, message: oneLine(next.message) });
    rest.push(next.cause, ...(Array.isArray(errors) ? errors : []), ...Object.values(innerErrors ?? {}));
  }
  return found;
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();
