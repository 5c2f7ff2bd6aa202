/** Around the stages: what a CQL database answers when it does not do what it was asked. Pure. */
import type { errors } from "cassandra-driver";
import type { PassingError } from "../passing-error.ts";

/**
 * What a failure means for whoever asked.
 * - `unavailable`: nobody was there to do it, or too few replicas: nothing was changed; it may be tried again.
 * - `unknown`: it was on its way and may have been done, or may yet be: only what is safe to repeat may be tried again.
 * - `refused`: the database said no, and will again: a table that is missing, a password that is wrong, a bad statement.
 */
export type CqlFailure = "unavailable" | "unknown" | "refused";

/** The rejection of everything that a `CqlSession` is asked. */
export class CqlError extends Error implements PassingError {
  override readonly name = "CqlError";
  readonly failure: CqlFailure;
  readonly passes: boolean;
  constructor(failure: CqlFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
    this.passes = failure !== "refused";
  }
}

/** Codes of the protocol's answers after which nothing was changed. */
const NOT_DONE = new Set([
  0x1000, // unavailable: too few replicas are up, the coordinator did not even try
  0x1001, // overloaded
  0x1002, // is bootstrapping
]);

/** Codes after which some replicas may have done it: timeouts, failures of replicas, an error of the server, unknown CAS. */
const MAYBE_DONE = new Set([0x0000, 0x1003, 0x1100, 0x1200, 0x1300, 0x1500, 0x1700]);

/** Codes of errors while a TLS connection is made that trying again can't help: the papers are wrong. */
const TLS_REFUSALS =
  /^(ERR_TLS_|ERR_SSL_|CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_(GET|VERIFY|DECODE|DECRYPT)|HOSTNAME_MISMATCH)/;

/** What a database says that can't read its own accounts, while too few of its nodes are up; its code is that of a refusal. */
const COULD_NOT_LOOK = /^Unable to perform auth(entication|orization)\b/;

/** Says what an error of the driver means. `what` begins the message: what was asked, in a word or two. */
export function cqlError(what: string, error: unknown): CqlError {
  if (error instanceof CqlError) return error;
  return new CqlError(failureOf(error), `${what}: ${messageOf(error)}`, { cause: error });
}

function failureOf(error: unknown): CqlFailure {
  if (!(error instanceof Error)) return "unknown";
  if (isNoHostAvailable(error)) {
    const inner = Object.values(error.innerErrors ?? {}).map(failureOf);
    // One who may have done it is enough for doubt; one who refuses is enough for an answer.
    if (inner.includes("unknown")) return "unknown";
    return inner.includes("refused") ? "refused" : "unavailable";
  }
  if (COULD_NOT_LOOK.test(error.message)) return "unavailable";
  if (error.name === "AuthenticationError") return "refused";
  if (error.name === "BusyConnectionError") return "unavailable";
  if (error.name === "OperationTimedOutError") return "unknown";
  const code: unknown = "code" in error ? error.code : undefined;
  if (typeof code === "number") {
    if (NOT_DONE.has(code)) return "unavailable";
    return MAYBE_DONE.has(code) ? "unknown" : "refused";
  }
  if ("isSocketError" in error && error.isSocketError === true) {
    return "requestNotWritten" in error && error.requestNotWritten === true ? "unavailable" : "unknown";
  }
  if (typeof code === "string" && TLS_REFUSALS.test(code)) return "refused";
  // Of this program's own making: a value of a wrong type.
  if (error instanceof TypeError) return "refused";
  // A connection that could not be made, or was shut down before anything went over it.
  return "unavailable";
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!isNoHostAvailable(error)) return error.message;
  const inner = Object.entries(error.innerErrors ?? {}).map(([host, cause]) => `${host}: ${messageOf(cause)}`);
  return inner.length === 0 ? "no node of the database is there" : inner.join("; ");
}

function isNoHostAvailable(error: Error): error is errors.NoHostAvailableError {
  return error.name === "NoHostAvailableError";
}
