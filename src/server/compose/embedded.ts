/**
 * Around the stages: opens the embedded adapters over one data folder. They are loaded when they are chosen, so that
 * whoever asks only what a data folder is does not carry them.
 */
import type { Clock } from "../clock.ts";
import type { Config } from "../config/config.ts";
import type { Ports } from "../core.ts";
import { openDataFolder } from "../data-folder/data-folder.ts";
import { DATA_FORMAT, type DataFormat } from "../data-folder/data-format.ts";
import { nodeName } from "../node-name.ts";
import { KEY_WINDOW } from "../projector/key-window.ts";
import { FOLD_VERSION } from "../projector/sequencer.ts";
import { readRoomsFile } from "../rooms-file.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { Closings } from "./closings.ts";
import type { Engines, EnginesStart } from "./engines.ts";
import { explain } from "./log-trouble.ts";

/** What an embedded data folder is, as this program writes it. */
export const EMBEDDED_FORMAT: DataFormat = {
  format: DATA_FORMAT,
  partitions: 1,
  hash: "murmur2",
  keyWindow: KEY_WINDOW,
  foldVersion: FOLD_VERSION,
};

/** Opens log, store, directory and signals of one process. Throws a `StartError` where one can't be opened. */
export async function openEmbedded({ config, clock, chance, telemetry }: EnginesStart): Promise<Engines> {
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
