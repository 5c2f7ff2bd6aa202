/**
 * Stage 5: a record becomes the event that sessions are told, as JSON text: once, however many hear it (FAN-3).
 */
import { messageHead, messageTail, roomChange } from "../../protocol/events.ts";
import type { StoredRecord } from "../record.ts";

/** Names that need no escape in JSON; the others are rare enough for `JSON.stringify`. */
const PLAIN_TEXT = /^[ !#-[\]-~]*$/;

/** The start of every event that a session hears which has not said `hello`. */
const MESSAGE_START = '{"_et":"user_message"';

/** The JSON text of a string. */
const json = (text: string): string => (PLAIN_TEXT.test(text) ? `"${text}"` : JSON.stringify(text));

/** Writes events; remembers the text of the last time, for many records share a millisecond. */
export class EventEncoder {
  #time = Number.NaN;
  #timeText = "";

  /** The event of a record, as it is told in the room whose name on the wire has the JSON text `roomJson`. */
  encode(roomJson: string, { record, seq }: StoredRecord): string {
    const time = this.#iso(record.time);
    if (record.kind === "message") {
      const key = record.key === undefined ? undefined : json(record.key);
      return messageHead(roomJson, json(record.senderName)) + record.body + messageTail(record.id, seq, time, key);
    }
    return roomChange(roomJson, seq, time, record.kind, undefined, record.senderName, record.body);
  }

  #iso(time: number): string {
    if (time !== this.#time) {
      this.#time = time;
      this.#timeText = new Date(time).toISOString();
    }
    return this.#timeText;
  }
}

/** Whether an event is one that sessions hear which never said `hello`. */
export function isMessageEvent(text: string): boolean {
  return text.startsWith(MESSAGE_START);
}
