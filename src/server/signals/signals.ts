/**
 * The port of signals: what is told and forgotten (presence, typing, that somebody's access changed). Lossy by design:
 * whatever must be certain is a record. Adapters stand beside this file and pass `test/contract/signals.ts`.
 */
import type { Uuid } from "../record.ts";

/** Somebody in a room by a session of the node that says it: as small as it can be, for thousands may come at once. */
export type PresentSignal = readonly [room: Uuid, user: Uuid, userName: string];

/** How far a node has come in telling who is present by its sessions. */
export interface PresenceMark {
  /** The number of its last change; 0 before the first. */
  readonly number: number;
  /** Of all who are present by it then, in whatever order. */
  readonly hash: string;
}

/** What one node tells all nodes, itself included. Plain JSON. */
export type Signal =
  | {
      /** Who came to rooms and who left them by the sessions of a node since its last change: the first session, the last. */
      readonly type: "presence";
      readonly node: string;
      /** One more than that of the node's change before. */
      readonly number: number;
      readonly came: readonly PresentSignal[];
      readonly left: readonly (readonly [room: Uuid, user: Uuid])[];
    }
  | {
      /** All who are present by the sessions of a node, in parts: after the change with this number. */
      readonly type: "presence_all";
      readonly node: string;
      readonly mark: PresenceMark;
      /** 0 ≤ part < parts. */
      readonly part: number;
      readonly parts: number;
      readonly present: readonly PresentSignal[];
    }
  | {
      /** Asks the node `of` to tell all who are present by it. */
      readonly type: "presence_ask";
      readonly node: string;
      readonly of: string;
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
      /** A node is alive. */
      readonly type: "heartbeat";
      readonly node: string;
      readonly presence: PresenceMark;
    }
  | {
      /** A node ends, and is not heard again by this name. */
      readonly type: "goodbye";
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
