/**
 * Around the stages: what all nodes of a cluster have in common besides people: the facts on which they must agree, and
 * which public rooms there are. Touches the session that it is handed.
 */
import type { RoomListing } from "../../protocol/events.ts";
import { ConditionalTable, put } from "./cql-conditional.ts";
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

/** The public rooms, in their order; none where none were applied. */
export async function publicRooms(session: DirectorySession): Promise<readonly RoomListing[]> {
  return (await factTable<readonly RoomListing[]>(session).read("public_rooms")) ?? [];
}

/** Makes these the public rooms, in this order and no others. */
export async function applyPublicRooms(session: DirectorySession, rooms: readonly RoomListing[]): Promise<void> {
  const listed = rooms.map(({ name, description }) => ({ name, description }));
  await factTable<readonly RoomListing[]>(session).change(["public_rooms"], false, () => put(listed, undefined));
}
