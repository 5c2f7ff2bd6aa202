/**
 * The command line: `verbatim tail`. Prints what is said in a room, each message once, in order, over lost connections
 * too.
 */
import type { ChatClient, Message, Room, RoomRecord } from "../sdk/index.ts";
import { StartError } from "../server/start-error.ts";
import { whyUnreached } from "../tui/address.ts";
import { sanitizeLine } from "../tui/text/sanitize.ts";
import { type Access, clientOf, EXIT_INTERRUPTED, EXIT_REFUSED, EXIT_UNREACHABLE, endOf } from "./client-access.ts";
import { hint, say } from "./say.ts";

/** What it was asked. */
export interface TailRequest extends Access {
  readonly room: string;
  readonly server: string;
  /** Begin after this seq. */
  readonly after: number | undefined;
  /** Begin with so many of the last ones. */
  readonly last: number | undefined;
  readonly isJson: boolean;
  /** Whether to go on when all has been printed. */
  readonly follows: boolean;
  /** How long the first connection may take, in milliseconds. */
  readonly withinMs: number;
}

/** Where it begins unless told. */
const LAST_RECORDS = 10;

/**
 * Prints; resolves with the exit code.
 * @throws StartError where what was asked contradicts itself
 */
export async function tail(request: TailRequest): Promise<number> {
  const { after, last } = request;
  if (after !== undefined && last !== undefined) throw new StartError("say either --after or --last");
  const client = clientOf(request.server, request);
  const from = after === undefined ? { last: last ?? LAST_RECORDS } : { after };
  const room = client.open(request.room, from);
  try {
    return await follow(client, room, request);
  } finally {
    client.close();
  }
}

function follow(client: ChatClient, room: Room, request: TailRequest): Promise<number> {
  return new Promise((resolve, reject) => {
    const end = (exitCode: number, text: string | undefined): void => {
      clearTimeout(timer);
      if (text !== undefined) hint(`verbatim: ${text}`);
      resolve(exitCode);
    };
    const timer = setTimeout(() => {
      const why = client.state.type === "waiting" ? client.state.reason : "no answer";
      end(EXIT_UNREACHABLE, whyUnreached(request.server, why));
    }, request.withinMs);
    process.once("SIGINT", () => end(EXIT_INTERRUPTED, undefined));
    process.once("SIGTERM", () => end(EXIT_INTERRUPTED, undefined));
    room.on("record", (record) => {
      try {
        print(record, request.isJson);
      } catch (error) {
        // Whoever read has gone, as `head` does.
        reject(error);
      }
    });
    room.on("reset", ({ oldest }) => hint(`verbatim: older messages are not kept any more; this begins at ${oldest}`));
    room.on("state", (state) => {
      if (state.type === "refused") end(EXIT_REFUSED, `${request.room}: ${sanitizeLine(state.text)} (${state.code})`);
      if (state.type === "gone") end(EXIT_REFUSED, `${request.room}: you are not in this room any more`);
      if (state.type !== "live") return;
      clearTimeout(timer);
      if (!request.follows) end(0, undefined);
    });
    client.on("state", (state) => {
      // Also when this closes it, having printed all.
      if (state.type !== "ended" || state.reason.code === "closed") return;
      const { text, exitCode } = endOf(state.reason);
      end(exitCode, text);
    });
    client.connect();
  });
}

function print(record: RoomRecord, isJson: boolean): void {
  if (isJson) say(escaped(JSON.stringify(forPrograms(record))));
  else if (record.type === "message") say(forPeople(record));
}

/** `2026-11-23T10:00:00.000Z 41 alice: hello`; a line break is shown as a sign, so that a message is one line. */
function forPeople({ time, seq, user, text, isRemoved }: Message): string {
  const said = isRemoved ? "(removed)" : sanitizeLine(text);
  return `${new Date(time).toISOString()} ${seq} ${sanitizeLine(user)}: ${said}`;
}

/** A record as one object, its fields those of the SDK, times as ISO 8601. */
function forPrograms(record: RoomRecord): object {
  return { ...record, time: new Date(record.time).toISOString() };
}

/** JSON passes on what a terminal obeys: the second set of control characters, and marks that change the direction. */
function escaped(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
