/**
 * Around the stages: what all nodes of a cluster have in common besides people: the facts on which they must agree, and
 * which public rooms there are. Touches the session that it is handed.
 */
import type { RoomListing } from "../../protocol/events.ts";
import { ConditionalTable, leave, put } from "./cql-conditional.ts";
import type { DirectorySession } from "./cql-requests.ts";

/** What every node computes seqs with (PROJ-5), and which topic they are computed from. */
export interface ClusterFacts {
  readonly partitions: number;
  readonly hash: "murmur2";
  readonly keyWindow: number;
  readonly foldVersion: number;
  /** The topic's own id: one that was deleted and made again has another. */
  readonly topicId: string;
  /** Of tables and topic. */
  readonly format: number;
}

/** Facts by name. */
export const factTable = <T>(session: DirectorySession): ConditionalTable<T> =>
  new ConditionalTable<T>(session, "facts", ["name"]);

/** The facts that stand; `undefined` for a cluster that has none yet. */
export async function readFacts(session: DirectorySession): Promise<ClusterFacts | undefined> {
  return await factTable<ClusterFacts>(session).read("cluster");
}

/** Writes the facts down where none are, and resolves with those that stand, which may be others. */
export async function agreeOnFacts(session: DirectorySession, facts: ClusterFacts): Promise<ClusterFacts> {
  const { partitions, hash, keyWindow, foldVersion, topicId, format } = facts;
  const ours: ClusterFacts = { partitions, hash, keyWindow, foldVersion, topicId, format };
  return await factTable<ClusterFacts>(session).change(["cluster"], false, (standing) => {
    const agreed = standing ?? ours;
    return put(agreed, agreed);
  });
}

/** Where a topic goes on that took the place of a lost one. */
export interface Continuation {
  readonly topicId: string;
  /** For each partition, the position of the topic's first record. */
  readonly bases: readonly number[];
}

/** Where the topic of an id goes on; `undefined` where it is the first. */
export async function continuation(session: DirectorySession, topicId: string): Promise<Continuation | undefined> {
  const written = await factTable<Continuation>(session).read("continuation");
  return written?.topicId === topicId ? written : undefined;
}

/**
 * Puts a topic in the place of the one that was agreed on, which is lost. Resolves with the facts that stand then; where
 * somebody else has put another in its place, with theirs.
 */
export async function continueWith(
  session: DirectorySession,
  lostTopicId: string,
  next: Continuation,
): Promise<ClusterFacts | undefined> {
  // In this order: until the facts name it, nobody heeds where it goes on.
  await factTable<Continuation>(session).change(["continuation"], false, () => put(next, undefined));
  return await factTable<ClusterFacts>(session).change(["cluster"], false, (standing) => {
    if (standing?.topicId !== lostTopicId) return leave(standing);
    const facts = { ...standing, topicId: next.topicId };
    return put(facts, facts);
  });
}

/** The public rooms, in their order; none where none were applied. */
export async function publicRooms(session: DirectorySession): Promise<readonly RoomListing[]> {
  return (await factTable<readonly RoomListing[]>(session).read("public_rooms")) ?? [];
}

/** Makes these the public rooms, in this order and no others. */
export async function applyPublicRooms(session: DirectorySession, rooms: readonly RoomListing[]): Promise<void> {
  const listed = rooms.map(({ name, description }) => ({ name, description }));
  await factTable<readonly RoomListing[]>(session).change(["public_rooms"], false, () => put(listed, undefined));
}
