/**
 * Load tool, the shapes of HTTP load: who posts how fast, who listens and how, what else is asked meanwhile. Pure.
 */

/** How posts are paced. */
export type HttpPace =
  /** Closed loop: each connection posts again as soon as its answer has come. */
  | { readonly kind: "closed" }
  /** Open loop: one post every so many µs in all, by whichever connection is free. */
  | { readonly kind: "rate"; readonly everyMicros: number };

/** How somebody listens: the feed of all one's chats, or a session that joins its chat and can resume. */
export type Listening = "feed" | "session";

/** Reads of the newest page while posts go on. */
export interface PagePlan {
  readonly everyMicros: number;
  /** Messages that a page is asked for; `undefined`: the request has no query. */
  readonly limit: number | undefined;
  /** Whether a page is asked for that ends before a message anywhere in the chat, instead of the newest. */
  readonly anywhere: boolean;
}

/** A whole load. User `i` is a member of chat `i` modulo `chats`, posts where `i < connections`, listens likewise. */
export interface HttpPlan {
  /** What it is, in words. */
  readonly title: string;
  readonly users: number;
  readonly chats: number;
  /** Posting connections, each a user of its own. */
  readonly connections: number;
  readonly listeners: number;
  readonly listening: Listening;
  readonly pace: HttpPace;
  readonly textBytes: number;
  /** Messages that the first chat has before anybody listens. */
  readonly fill: number;
  readonly pages: PagePlan | undefined;
  /** For how long, in ms, all sessions are cut off once the load runs; `undefined`: not at all. */
  readonly cutMs: number | undefined;
  readonly warmupMs: number;
  readonly durationMs: number;
  /** How long may be waited for the rest after the last post. */
  readonly drainMs: number;
}

/** What is measured of memory only: nobody posts. */
export function isSilent(plan: HttpPlan): boolean {
  return plan.connections === 0;
}
