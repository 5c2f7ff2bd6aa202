/**
 * Stage 2: appends a record for a request that waits, and gives it back with its number once the tail has passed it: at
 * the moment at which a session would get its `ack` (CMD-1).
 */
import type { KnownKey } from "../projector/key-window.ts";
import type { StoredRecord } from "../record.ts";
import type { Appender, Post } from "./appender.ts";
import { CommandError } from "./command-error.ts";

/** What became of a record that was posted. */
export type Appended =
  | { readonly type: "accepted"; readonly stored: StoredRecord }
  | { readonly type: "repeated"; readonly first: KnownKey };

/** Appends. Throws where it could not be written (`not_sent`, `overloaded`), or nobody knows (`unknown`). */
export function append(appender: Appender, post: Post): Promise<Appended> {
  return new Promise((resolve, reject) => {
    appender.request(post, {
      accepted: (stored) => resolve({ type: "accepted", stored }),
      repeated: (first) => resolve({ type: "repeated", first }),
      failed: (code, text) => reject(new CommandError(code, text)),
    });
  });
}

/** Appends what has no key, and so can't be a repeat. */
export async function appendOnce(appender: Appender, post: Omit<Post, "key">): Promise<StoredRecord> {
  const appended = await append(appender, { ...post, key: undefined });
  if (appended.type === "repeated") throw new Error("a record without a key was taken for a repeat");
  return appended.stored;
}
