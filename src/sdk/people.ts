/**
 * The SDK: who is in a room: the sum of what the server tells of who came and who went.
 */
import type { Presence } from "./types.ts";

/** Nobody. */
export const NOBODY: Presence = { users: [], count: 0 };

/** Who is there after somebody came or went. */
export function afterParticipation(
  { users, count }: Presence,
  { user, status }: { readonly user: string; readonly status: "joined" | "left" },
): Presence {
  const others = users.filter((other) => other !== user);
  const wasThere = others.length < users.length;
  if (status === "joined") return wasThere ? { users, count } : { users: [...users, user], count: count + 1 };
  // In a crowd only the first are named, so somebody may go who was not.
  return { users: others, count: wasThere || count > users.length ? count - 1 : count };
}
