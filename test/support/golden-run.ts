/**
 * Test support: runs a golden exchange against a server, step by step, and makes sure that nobody is told anything else.
 */
import { expect } from "vitest";
import { roomListings } from "../../src/protocol/events.ts";
import type { GoldenBindings, GoldenExchange, GoldenStep, GoldenWho } from "../../src/protocol/golden-exchanges.ts";
import { goldenMismatch, goldenText } from "../../src/protocol/golden-exchanges.ts";
import { readRoomsFile } from "../../src/server/rooms-file.ts";
import { PROJECT_ROOT } from "./project-files.ts";
import { WireClient } from "./wire-client.ts";

/** A server that an exchange can run against. */
export interface GoldenSubject {
  readonly port: number;
  /** Whether it has what was added to the wire. */
  readonly withAdded: boolean;
  restart(): Promise<GoldenSubject>;
  stop(): Promise<void>;
}

/** The rooms that the exchanges are about. */
export const goldenRooms = () => readRoomsFile(`${PROJECT_ROOT}resources/rooms.json`);

/** Takes the steps of an exchange, and then makes sure that nobody was sent anything else. */
export async function runGolden({ steps }: GoldenExchange, first: GoldenSubject): Promise<void> {
  const clients = new Map<GoldenWho, WireClient>();
  const bindings: GoldenBindings = new Map([["rooms", roomListings(await goldenRooms())]]);
  let subject = first;
  const clientOf = (who: GoldenWho): WireClient => {
    const client = clients.get(who);
    if (client === undefined) throw new Error(`${who} is not connected`);
    return client;
  };
  const take = async (step: GoldenStep): Promise<void> => {
    if (step.type === "connect") {
      clients.set(step.who, await WireClient.connect(subject.port));
    } else if (step.type === "send") {
      clientOf(step.who).write(goldenText(step.text, bindings));
    } else if (step.type === "send bytes") {
      clientOf(step.who).write(Uint8Array.from(step.bytes));
    } else if (step.type === "drop") {
      clientOf(step.who).drop();
      clients.delete(step.who);
    } else if (step.type === "hear") {
      if (step.added && !subject.withAdded) return;
      const line = await clientOf(step.who).line();
      const expected = goldenMismatch(step.line, line, bindings, subject.withAdded);
      if (expected !== undefined) expect(line).toBe(expected);
    } else if (step.type === "closed") {
      const rest = await clientOf(step.who).closed();
      const allowed = step.mayHear.map((line) => goldenText(line, bindings));
      expect(rest.filter((line) => !allowed.includes(line))).toEqual([]);
      clients.delete(step.who);
    } else {
      subject = await subject.restart();
    }
  };
  try {
    for (const step of steps) await take(step);
    for (const client of clients.values()) await heardNothingMore(client);
  } finally {
    for (const client of clients.values()) client.drop();
    await subject.stop();
  }
}

/** What one asks for comes after all that one was sent before; so nothing else may come before the answer. */
async function heardNothingMore(client: WireClient): Promise<void> {
  client.send({ _ct: "join_room", r: "food" });
  const next = await client.event();
  if (next["code"] === "too_many_rooms") return;
  expect(next).toMatchObject({ _et: "user_joined_room", r: "food" });
  await client.event();
  client.send({ _ct: "leave_room", r: "food" });
  expect(await client.event()).toMatchObject({ r: "food", s: "left" });
}
