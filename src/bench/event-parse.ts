/**
 * Load tool, bytes in, the long way: one line of the wire through `JSON.parse`. For everything that has no layout known
 * beforehand, and to hold the scanner's short way against it. Touches nothing.
 */
import type { EventSink, ScanPlan } from "./event-sink.ts";
import { messageText, parseMessageText, readNumber, readStream } from "./message-layout.ts";

/** Tells the sink what one line, without its newline, says. */
export function parseEvent(line: string, plan: ScanPlan, sink: EventSink): void {
  const event = parseObject(line);
  const type = event?._et;
  if (event === undefined || typeof type !== "string") {
    parseForeign(line, plan, sink);
    return;
  }
  if (type === "user_message") parseMessage(line, event, plan, sink);
  else if (type === "ack" && isOwnKey(event.k, plan)) {
    const key = new TextEncoder().encode(event.k);
    sink.acknowledged(readStream(key, 0), readNumber(key, 0));
  } else {
    // Told to those who said `hello`, and numbered like a message.
    if (type === "room_change" && typeof event.r === "string") sink.otherMessage(event.r, Number(event.q));
    sink.event(type, event);
  }
}

/** A frame of a server whose events look otherwise: all that is known is that an own text comes back somewhere in it. */
function parseForeign(line: string, plan: ScanPlan, sink: EventSink): void {
  const at = plan.anyLayout ? line.indexOf(`v1 ${plan.run} `) : -1;
  const message = at < 0 ? undefined : parseMessageText(plan.run, line.slice(at, at + plan.textBytes));
  if (message === undefined || !line.includes(messageText(plan.run, message, plan.textBytes))) sink.malformed(line);
  else sink.ownMessage(message.stream, message.number, message.micros, 0);
}

function parseMessage(line: string, event: Record<string, unknown>, plan: ScanPlan, sink: EventSink): void {
  const { r: room, c: text, q } = event;
  if (typeof room !== "string" || typeof text !== "string") {
    sink.malformed(line);
    return;
  }
  const seq = typeof q === "number" ? q : 0;
  const message = parseMessageText(plan.run, text);
  if (message === undefined) {
    sink.otherMessage(room, seq);
    return;
  }
  const roomOfStream = plan.rooms[plan.streamRooms[message.stream] ?? -1];
  // A text that came back changed, or in another room than it was sent to, is none that was sent.
  if (room !== roomOfStream || text !== messageText(plan.run, message, plan.textBytes)) sink.malformed(line);
  else sink.ownMessage(message.stream, message.number, message.micros, seq);
}

function isOwnKey(key: unknown, plan: ScanPlan): key is string {
  return typeof key === "string" && key.startsWith(`v1 ${plan.run} `);
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
