/**
 * Stage 1, the HTTP door: errors as RFC 9457 has them. Pure.
 */
import { STATUS_CODES } from "node:http";

/** The body of an error: `application/problem+json`. */
export interface Problem {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: number;
  /** What it is to a program: stable, `not_found`, `method_not_allowed`, … */
  readonly code: string;
  readonly detail: string;
}

/** The problem of a status; `detail` is for a person. */
export function problem(status: number, detail: string): Problem {
  const title = STATUS_CODES[status] ?? "Error";
  const code = title.toLowerCase().replace(/[^a-z]+/g, "_");
  return { type: "about:blank", title, status, code, detail };
}
