/**
 * The port of signals: what is told and forgotten (presence, typing, that somebody's access changed). Lossy by design: whatever must be certain is a
 * record. Adapters stand beside this file and pass `test/contract/signals.ts`.
 */
import type { Uuid } from "../record.ts";

/** What one node tells all nodes, itself included. */
export type Signal =
  | {
      readonly type: "presence";
      /** The node whose session came or went. */
      readonly node: string;
      readonly room: Uuid;
      readonly user: Uuid;
      readonly userName: string;
      /** `joined` with the user's first session in the room on that node, `left` with the last. */
      readonly status: "joined" | "left";
    }
  | {
      readonly type: "typing";
      readonly node: string;
      readonly room: Uuid;
      readonly user: Uuid;
      readonly userName: string;
    }
  | {
      /** Something that a user was signed in with may have ended: their live sessions are asked again. */
      readonly type: "access";
      readonly node: string;
      readonly user: Uuid;
    }
  | {
      /** The bans of a room changed: they are read anew. */
      readonly type: "bans";
      readonly node: string;
      readonly room: Uuid;
    }
  | {
      /** A node is alive, or is about to end. */
      readonly type: "heartbeat" | "goodbye";
      readonly node: string;
    };

/** Publish and subscribe. */
export interface Signals {
  /**
   * Tells every subscriber, those of this node too. MUST NOT throw and MUST NOT wait. Signals of one node reach each
   * subscriber in their order or not at all. Subscribers of the same node hear it before `publish` returns; what a
   * listener itself publishes they hear after the signal at hand.
   */
  publish(signal: Signal): void;
  /**
   * Hears every signal from now on, until the returned function is called. A listener that throws hurts nobody else.
   * One function may subscribe several times; each subscription ends by itself.
   */
  subscribe(listener: (signal: Signal) => void): () => void;
  /** Lets go of everything; what is published afterwards goes nowhere. */
  close(): Promise<void>;
}
