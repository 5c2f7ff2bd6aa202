/** Around the stages: what the adapters of a server are opened with, and what comes of it. Types only. */
import type { RoomListing } from "../../protocol/events.ts";
import type { Chance, Clock } from "../clock.ts";
import type { Config } from "../config/config.ts";
import type { Ports } from "../core.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";

/** The adapters that a server runs on, opened. */
export interface Engines extends Ports {
  /** This node's name among the nodes: new with each start. */
  readonly node: string;
  /** The public rooms: those of the rooms file, or in a cluster those that all nodes have. */
  readonly rooms: readonly RoomListing[];
  /** Closes all of them; the data folder last. */
  close(): Promise<void>;
}

/** What adapters are opened with. */
export interface EnginesStart {
  readonly config: Config;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly telemetry: Telemetry;
  /** Calls the start off while it waits. */
  readonly signal: AbortSignal;
}
