/**
 * Test support, load: one room as all who take part know it: who said what, what was acknowledged, and whether
 * everybody hears all of it once and in one order. The check is the load tool's own.
 */
import { RoomCheck } from "../../src/bench/delivery-check.ts";
import { type Findings, findingCount } from "../../src/bench/findings.ts";
import { type ChatClient, type ChatMessage, readHistory } from "./chat-client.ts";

/** What the server promised to keep. */
export interface Acknowledged {
  readonly id: string;
  readonly seq: number;
}

/**
 * Who said a message and which of theirs it is, out of its text, `LABEL NUMBER TIME PADDING`; or, where the text was taken
 * away, out of its key, `LABEL-ROOM-NUMBER`.
 */
export function messageNumber(
  text: string,
  isRemoved: boolean,
  key: string | undefined,
): { readonly label: string; readonly number: number; readonly sentAt: number } {
  if (!isRemoved) {
    const [label = "", number = "", sentAt = ""] = text.split(" ", 3);
    return { label, number: Number(number), sentAt: Number(sentAt) };
  }
  const [, label = "", number = ""] = /^([^-]+)-.*-(\d+)$/.exec(key ?? "") ?? [];
  return { label, number: Number(number), sentAt: Number.NaN };
}

/** One room of a load. */
export class LoadRoom {
  readonly name: string;
  readonly check: RoomCheck;
  /** Key → what its `ack` said. Keys are unique over all who send. */
  readonly acknowledged = new Map<string, Acknowledged>();
  /** Keys that were sent, acknowledged or not. */
  readonly keys = new Set<string>();
  readonly #senders = new Map<string, number>();

  constructor(name: string) {
    this.name = name;
    this.check = new RoomCheck(name, "acknowledged");
  }

  /** The number of somebody who sends, in the check. */
  sender(label: string): number {
    const known = this.#senders.get(label);
    if (known !== undefined) return known;
    const sender = this.check.addSender(label);
    this.#senders.set(label, sender);
    return sender;
  }

  /** What the check found wrong, as text; empty where all is well. */
  findings(): readonly string[] {
    const found: Findings = this.check.settle();
    return findingCount(found) === 0 ? [] : found.examples;
  }
}

/**
 * Reads a room back, once through history and once by a fresh join, and says what is wrong with it: the two must be
 * the same, without hole, each key once, and every acknowledged message in the place that its `ack` named.
 */
export async function readBack(
  room: LoadRoom,
  client: ChatClient,
): Promise<{ readonly wrong: readonly string[]; readonly messages: readonly ChatMessage[] }> {
  const joined = await client.joinAfter(room.name, 0, 60_000);
  const messages = await readHistory(client, room.name);
  const wrong: string[] = [];
  const complain = (text: string): void => {
    if (wrong.length < 20) wrong.push(`${room.name}: ${text}`);
  };
  if (joined.length !== messages.length) complain(`a join told ${joined.length}, history has ${messages.length}`);
  const seen = new Set<string>();
  for (const [index, message] of messages.entries()) {
    if (message.seq !== index + 1) complain(`seq ${message.seq} stands where ${index + 1} should`);
    const told = joined[index];
    if (told?.id !== message.id || told.text !== message.text) complain(`seq ${message.seq} was told otherwise`);
    if (message.key === undefined) continue;
    if (seen.has(message.key)) complain(`${message.key} stands there twice`);
    if (!room.keys.has(message.key)) complain(`${message.key} was never sent`);
    seen.add(message.key);
  }
  for (const [key, { id, seq }] of room.acknowledged) {
    const kept = messages[seq - 1];
    if (kept?.key !== key || kept.id !== id) complain(`${key} was acknowledged as ${seq} and is not there`);
  }
  return { wrong, messages };
}
