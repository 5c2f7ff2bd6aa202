/**
 * Test support: a client that speaks the wire as text, one line at a time, and keeps all that it heard.
 */
import { connect } from "node:net";
import { until } from "./until.ts";

/** An event as it came. */
export type HeardEvent = Readonly<Record<string, unknown>>;

/** One connection. */
export interface LineClient {
  /** Everything heard so far, in order. */
  readonly events: readonly HeardEvent[];
  /** Sends one command. */
  send(command: Readonly<Record<string, unknown>>): void;
  /** Waits for the first event, of all that were heard and will be, that has these fields. */
  heard(fields: HeardEvent, withinMs?: number): Promise<HeardEvent>;
  /** Drops the connection. */
  close(): void;
}

const WITHIN_MS = 10_000;

/** Connects to a server on this machine; resolves after its greeting. */
export async function connectLineClient(port: number): Promise<LineClient> {
  const client = openLineClient(port);
  await client.heard({ _et: "login_successful" });
  return client;
}

/** Connects to a server on this machine that may greet nobody who has not signed in. */
export function openLineClient(port: number): LineClient {
  const socket = connect({ host: "127.0.0.1", port });
  const events: HeardEvent[] = [];
  let rest = "";
  let failure: Error | undefined;
  socket.setEncoding("utf8");
  socket.on("error", (error) => {
    failure = error;
  });
  socket.on("data", (text: string) => {
    const lines = (rest + text).split("\r\n");
    rest = lines.pop() ?? "";
    for (const line of lines) events.push(JSON.parse(line) as HeardEvent);
  });
  return {
    events,
    send: (command) => void socket.write(`${JSON.stringify(command)}\n`),
    heard: (fields, withinMs = WITHIN_MS) =>
      until(
        withinMs,
        () => `${JSON.stringify(fields)}; heard:\n${events.map((event) => JSON.stringify(event)).join("\n")}`,
        () => {
          const found = events.find((event) => Object.entries(fields).every(([name, value]) => event[name] === value));
          // What was heard before the connection broke was heard.
          if (found === undefined && failure !== undefined) throw failure;
          return found;
        },
      ),
    close: () => socket.destroy(),
  };
}
