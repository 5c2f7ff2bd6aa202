/**
 * Who a session is: fetches one JSON document, within bounds. Touches the address that it is handed.
 */
import type { Clock } from "../clock.ts";

/** How long it may take, in milliseconds. */
const WITHIN_MS = 5_000;
/** How long the document may be, in bytes. */
const BYTES_MAX = 512 * 1024;

/** Fetches a JSON document. Rejects where it does not come in time, is too long, is moved, or is none. */
export async function fetchJson(url: string, clock: Clock): Promise<unknown> {
  const tooLate = new AbortController();
  const timer = clock.after(WITHIN_MS, () => tooLate.abort(new Error(`no answer within ${WITHIN_MS} ms`)));
  try {
    // Whoever wants other keys than those of this address says so in the configuration.
    const response = await fetch(url, {
      redirect: "error",
      signal: tooLate.signal,
      headers: { accept: "application/json, application/jwk-set+json" },
    });
    if (response.status !== 200) throw new Error(`the answer has status ${response.status}`);
    return JSON.parse(await textOf(response));
  } finally {
    timer.cancel();
  }
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > BYTES_MAX) throw new Error(`the answer is longer than ${BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
