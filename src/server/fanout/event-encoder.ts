/**
 * Stage 5: a record becomes the event that sessions are told, as JSON text: once, however many hear it (FAN-3).
 */
import { messageHead, messageTail, REMOVED_TAIL, roomChange } from "../../protocol/events.ts";
import { LINE_END } from "../../protocol/framing.ts";
import { IsoTimes } from "../iso-time.ts";
import { type LogRecord, REMOVED_BODY, type StoredRecord, senderKey } from "../record.ts";

/** Names that need no escape in JSON; the others are rare enough for `JSON.stringify`. */
const PLAIN_TEXT = /^[ !#-[\]-~]*$/;

/** The start of every event that a session hears which has not said `hello`. */
const MESSAGE_START = '{"_et":"user_message"';

/** The JSON text of a string. */
const json = (text: string): string => (PLAIN_TEXT.test(text) ? `"${text}"` : JSON.stringify(text));

/** Writes events. */
export class EventEncoder {
  readonly #times = new IsoTimes();

  /** The event of a record, as it is told in the room whose name on the wire has the JSON text `roomJson`. */
  encode(roomJson: string, { record, seq }: StoredRecord): string {
    const time = this.#times.of(record.time);
    if (record.kind === "message") {
      const own = senderKey(record);
      const key = own === undefined ? undefined : json(own);
      const head = messageHead(roomJson, json(record.senderName));
      if (record.body !== REMOVED_BODY) return head + record.body + messageTail(record.id, seq, time, key);
      return `${head}""${messageTail(record.id, seq, time, key).slice(0, -1)}${REMOVED_TAIL}`;
    }
    const { user, detail } = concerned(record);
    return roomChange(roomJson, seq, time, record.kind, user, record.senderName, detail);
  }
}

/** Whom a record that is no message concerns, and what else there is to it, as JSON text. */
function concerned({ kind, body }: LogRecord): { user: string | undefined; detail: string | undefined } {
  const asItStands = { user: undefined, detail: body };
  if (kind !== "member_added" && kind !== "member_removed" && kind !== "message_removed" && kind !== "room_created") {
    return asItStands;
  }
  let said: unknown;
  try {
    said = JSON.parse(body);
  } catch {
    return asItStands;
  }
  if (typeof said !== "object" || said === null) return asItStands;
  if (kind === "message_removed" && "id" in said && "seq" in said) {
    return { user: undefined, detail: JSON.stringify({ i: said.id, q: said.seq }) };
  }
  if (!("name" in said) || typeof said.name !== "string") return asItStands;
  if (kind === "room_created") return { user: undefined, detail: JSON.stringify({ name: said.name }) };
  return { user: said.name, detail: undefined };
}

/** The line of a message once its text has been taken away; lines of other events stay as they are. */
export function removedEvent(line: string): string {
  if (!isMessageEvent(line)) return line;
  const event = JSON.parse(line) as Readonly<Record<string, unknown>>;
  return JSON.stringify({ ...event, c: "", x: true }) + LINE_END;
}

/** Whether an event is one that sessions hear which never said `hello`. */
export function isMessageEvent(text: string): boolean {
  return text.startsWith(MESSAGE_START);
}
