/**
 * Stage 1, the HTTP door: errors as RFC 9457 has them, with the status that the table of error codes has. Pure.
 */
import { STATUS_CODES } from "node:http";
import { ERROR_CODES, type ErrorName } from "../../../protocol/error-codes.ts";
import { TriedTooOften } from "../../auth/sign-in-throttle.ts";
import { CommandError } from "../../commands/command-error.ts";
import { passesByItself } from "../../passing-error.ts";

/** The content type of a problem. */
const PROBLEM_TYPE = "application/problem+json; charset=utf-8";

/** The body of an error. */
export interface Problem {
  readonly type: "about:blank";
  /** The status in words. */
  readonly title: string;
  readonly status: number;
  /** What it is to a program: stable. */
  readonly code: ErrorName;
  /** What it is to a person. */
  readonly detail: string;
  /** Whether the same again may succeed later. */
  readonly retry: boolean;
}

/** The problem of a code; `detail` is for a person. */
export function problem(code: ErrorName, detail: string): Problem {
  const { status, retry } = ERROR_CODES[code];
  return { type: "about:blank", title: STATUS_CODES[status] ?? "Error", status, code, detail, retry };
}

/** When to come back where it is not the usual second: `Retry-After`, in seconds. */
const RETRY_AFTER_SECONDS: Partial<Record<ErrorName, number>> = {
  too_many_sessions: 5,
  going_away: 5,
};

/** The headers that go with a problem; `error` is what it was made of, and may say better when to come back. */
export function problemHeaders({ code, retry }: Problem, error?: unknown): Record<string, string> {
  const headers: Record<string, string> = { "content-type": PROBLEM_TYPE };
  if (retry) {
    const seconds = error instanceof TriedTooOften ? error.retryAfterSeconds : (RETRY_AFTER_SECONDS[code] ?? 1);
    headers["retry-after"] = String(seconds);
  }
  // RFC 9110 wants one with each 401. No browser asks its user for a bearer token, so no dialog comes up.
  if (ERROR_CODES[code].status === 401) headers["www-authenticate"] = "Bearer";
  return headers;
}

/** A problem as a whole response after which the connection closes, for where nothing else writes one. */
export function problemResponse(body: Problem, more: Readonly<Record<string, string>>): string {
  const json = JSON.stringify(body);
  const length = { "content-length": String(Buffer.byteLength(json)) };
  const headers = { ...problemHeaders(body), ...length, ...more, connection: "close" };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${body.status} ${body.title}\r\n${lines.join("")}\r\n${json}`;
}

/** What Fastify says of a request, in our words. */
const FRAMEWORK_CODES: Readonly<Record<string, readonly [ErrorName, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ["body_too_large", "the body is too long"],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ["unsupported_media_type", "a body is a form or JSON: set Content-Type"],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ["bad_request", "the body is shorter than its Content-Length"],
};

/**
 * What became of a request that failed; `undefined` where that is a fault of the server's own, which nobody outside is
 * told about.
 */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof CommandError) return problem(error.code, error.message);
  if (passesByItself(error)) return problem("unavailable", "the server can't look this up right now; try again");
  if (!(error instanceof Error)) return undefined;
  const known = "code" in error ? FRAMEWORK_CODES[String(error.code)] : undefined;
  if (known !== undefined) return problem(...known);
  const status = "statusCode" in error ? error.statusCode : undefined;
  if (typeof status === "number" && status >= 400 && status < 500) {
    return problem("bad_request", "the request could not be understood");
  }
  return undefined;
}

/** The problem that stands for a fault of the server's own. */
export const serverFault = (): Problem => problem("internal", "the server failed; its log says why");
