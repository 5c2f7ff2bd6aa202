/**
 * Around the stages: opens the embedded adapters over one data folder, or has those of a cluster opened. What lies in this
 * folder is all that names adapters. Each adapter is loaded when it is chosen, so that a server does not carry what it
 * does not use.
 */
import type { RoomListing } from "../../protocol/events.ts";
import type { Chance, Clock } from "../clock.ts";
import type { Config } from "../config/config.ts";
import type { Ports } from "../core.ts";
import { openDataFolder } from "../data-folder/data-folder.ts";
import { DATA_FORMAT, type DataFormat } from "../data-folder/data-format.ts";
import { LogError } from "../log/message-log.ts";
import { nodeName } from "../node-name.ts";
import { KEY_WINDOW } from "../projector/key-window.ts";
import { FOLD_VERSION } from "../projector/sequencer.ts";
import { readRoomsFile } from "../rooms-file.ts";
import { StartError } from "../start-error.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { Closings } from "./closings.ts";

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

/** Opens the adapters that are configured. Throws a `StartError` where one can't be opened. */
export async function openEngines(start: EnginesStart): Promise<Engines> {
  const { cluster } = start.config;
  if (cluster === undefined) return await openEmbedded(start);
  const { openCluster } = await import("./cluster.ts");
  return await openCluster(start, cluster);
}

/** What an embedded data folder is, as this program writes it. */
export const EMBEDDED_FORMAT: DataFormat = {
  format: DATA_FORMAT,
  partitions: 1,
  hash: "murmur2",
  keyWindow: KEY_WINDOW,
  foldVersion: FOLD_VERSION,
};

/** Opens log, store, directory and signals of one process. Throws a `StartError` where one can't be opened. */
async function openEmbedded({ config, clock, chance, telemetry }: EnginesStart): Promise<Engines> {
  const rooms = await readRoomsFile(config.rooms);
  const closings = new Closings((error) => telemetry.internalError("close", error));
  const close = (): Promise<void> => closings.close();
  try {
    return { ...(await openAll(config, clock, telemetry, closings)), rooms, node: nodeName(chance), close };
  } catch (error) {
    await close();
    throw explain(error, config);
  }
}

/** What keeps a server from starting, as a line that says what to do, where the log is the reason. */
export function explain(error: unknown, { data, cluster }: Config): unknown {
  if (!(error instanceof LogError)) return error;
  if (cluster !== undefined) {
    const { topic } = cluster.kafka;
    return new StartError(`the topic ${topic} can't be read: ${error.message}; ask the brokers why`, { cause: error });
  }
  return new StartError(
    `the log can't be read: ${error.message}; look with verbatim check ${data}, then cut what is lost with verbatim repair ${data}`,
    { cause: error },
  );
}

async function openAll(config: Config, clock: Clock, telemetry: Telemetry, closings: Closings): Promise<Ports> {
  const folder = await openDataFolder(config.data, EMBEDDED_FORMAT);
  closings.push(async () => folder.close());
  const { openSegmentLog } = await import("../log/segments.ts");
  const { SEGMENT_BYTES_MAX } = await import("../log/segment-format.ts");
  const { nodeFiles } = await import("../log/log-files.ts");
  const { KeptSnapshotFiles } = await import("../log/kept-snapshots.ts");
  const { openLmdbStore } = await import("../store/lmdb.ts");
  const { openLmdbDirectory } = await import("../directory/lmdb.ts");
  const { MemorySignals } = await import("../signals/memory.ts");

  const { log, cut } = await openSegmentLog({
    dir: folder.log,
    limits: config.limits,
    clock,
    files: nodeFiles,
    segmentBytesMax: SEGMENT_BYTES_MAX,
  });
  closings.push(() => log.close());
  if (cut !== undefined)
    telemetry.logger.warn({ ...cut }, "a torn tail was cut off the log; it had not been acknowledged");
  const damaged = (error: Error): void => telemetry.internalError("store damage", error);
  const kept = new KeptSnapshotFiles(nodeFiles, folder.log, damaged);
  const store = await openLmdbStore({ dir: folder.store, readOnly: false, damaged });
  closings.push(() => store.close());
  const directory = await openLmdbDirectory({ dir: folder.directory, readOnly: false });
  closings.push(() => directory.close());
  const signals = new MemorySignals((error) => telemetry.internalError("signals", error));
  closings.push(() => signals.close());
  return {
    log,
    logFault: () => log.fault,
    oldestToKeep: config.logKeepBytes === 0 ? undefined : async () => log.oldestToKeep(config.logKeepBytes),
    kept,
    store,
    directory,
    signals,
  };
}
