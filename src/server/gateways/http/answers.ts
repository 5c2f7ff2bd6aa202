/**
 * Stage 1, the HTTP door: answers as headers and text, and written straight to Node's response, with nothing between that
 * would have to ask what they are.
 */
import { type ServerResponse, STATUS_CODES } from "node:http";
import { passesByItself } from "../../passing-error.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";
import { type Answer, NO_HEADERS } from "./ask.ts";
import { problemHeaders, problemOf, serverFault } from "./problem.ts";

/** What JSON is called. */
const JSON_TYPE = "application/json; charset=utf-8";

/** What every answer says, names and values in turn. */
const ALWAYS = ["cache-control", "no-store", "x-content-type-options", "nosniff"];
const ALWAYS_TEXT = headerLines(ALWAYS);

/** The headers of an answer, names and values in turn. */
function answerHeaders(answer: Answer): string[] {
  const { status, json, headers } = answer;
  const all = [...ALWAYS];
  if (json === undefined) {
    // 204 has no body by itself.
    if (status !== 204) all.push("content-length", "0");
  } else {
    if (headers["content-type"] === undefined) all.push("content-type", JSON_TYPE);
    all.push("content-length", String(Buffer.byteLength(json)));
  }
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === "string") all.push(name, value);
    else for (const one of value) all.push(name, one);
  }
  return all;
}

/** First line and headers of an answer as they are sent, up to those that say what becomes of the connection. */
export function answerHead(answer: Answer): string {
  const { status, json, headers } = answer;
  const first = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Unknown"}\r\n`;
  // Most answers: the same lines, put together without a list of them.
  if (headers === NO_HEADERS && json !== undefined) {
    return `${first}${ALWAYS_TEXT}content-type: ${JSON_TYPE}\r\ncontent-length: ${Buffer.byteLength(json)}\r\n`;
  }
  return first + headerLines(answerHeaders(answer));
}

function headerLines(headers: readonly string[]): string {
  let lines = "";
  for (let at = 0; at < headers.length; at += 2) lines += `${headers[at]}: ${headers[at + 1]}\r\n`;
  return lines;
}

/** Writes an answer. */
export function writeAnswer(response: ServerResponse, answer: Answer): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(answer.status, answerHeaders(answer));
  response.end(answer.json);
}

/** The answer to a request that failed: what was wrong, or where that is our fault, that it is. What we rest on is told. */
export function failureAnswer(error: unknown, telemetry: Telemetry): Answer {
  const told = problemOf(error);
  if (told === undefined || passesByItself(error)) telemetry.internalError("http", error);
  const body = told ?? serverFault();
  return { status: body.status, json: JSON.stringify(body), headers: problemHeaders(body, error) };
}

/** Answers a request that failed. */
export function writeFailure(response: ServerResponse, error: unknown, telemetry: Telemetry): void {
  writeAnswer(response, failureAnswer(error, telemetry));
}
