/**
 * Stage 1, the HTTP door: answers written straight to Node's response, one write each: headers and body as they are,
 * with nothing between that would have to ask what they are.
 */
import type { ServerResponse } from "node:http";
import { passesByItself } from "../../passing-error.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";
import type { Answer } from "./ask.ts";
import { problemHeaders, problemOf, serverFault } from "./problem.ts";

/** What JSON is called. */
const JSON_TYPE = "application/json; charset=utf-8";

/** Writes an answer. */
export function writeAnswer(response: ServerResponse, { status, json, headers }: Answer): void {
  if (response.headersSent || response.destroyed) return;
  const all: (string | string[])[] = ["cache-control", "no-store", "x-content-type-options", "nosniff"];
  if (json === undefined) {
    // 204 has no body by itself.
    if (status !== 204) all.push("content-length", "0");
  } else {
    all.push("content-type", JSON_TYPE, "content-length", String(Buffer.byteLength(json)));
  }
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === "string") all.push(name, value);
    else for (const one of value) all.push(name, one);
  }
  response.writeHead(status, all);
  response.end(json);
}

/** Answers a request that failed: with what was wrong, or where that is our fault, that it is. What we rest on is told. */
export function writeFailure(response: ServerResponse, error: unknown, telemetry: Telemetry): void {
  const told = problemOf(error);
  if (told === undefined || passesByItself(error)) telemetry.internalError("http", error);
  if (response.headersSent || response.destroyed) return;
  const body = told ?? serverFault();
  const json = JSON.stringify(body);
  response.writeHead(body.status, {
    ...problemHeaders(body, error),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-length": String(Buffer.byteLength(json)),
  });
  response.end(json);
}
