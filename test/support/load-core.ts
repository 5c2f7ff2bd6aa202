/**
 * Test support, load: the pipeline within the test's own process, on a real data folder, with segments as small as a
 * test wants them; and a way to fill its log by the million without anybody to send it.
 */

import { DEFAULT_LIMITS } from "../../src/protocol/limits.ts";
import { systemChance, systemClock } from "../../src/server/clock.ts";
import { EMBEDDED_FORMAT } from "../../src/server/compose/embedded.ts";
import type { Retention } from "../../src/server/config/config.ts";
import { startCore } from "../../src/server/core.ts";
import { openDataFolder } from "../../src/server/data-folder/data-folder.ts";
import { openLmdbDirectory } from "../../src/server/directory/lmdb.ts";
import { TcpGateway } from "../../src/server/gateways/tcp.ts";
import { KeptSnapshotFiles } from "../../src/server/log/kept-snapshots.ts";
import { nodeFiles } from "../../src/server/log/log-files.ts";
import type { MessageLog } from "../../src/server/log/message-log.ts";
import { SEGMENT_BYTES_MAX } from "../../src/server/log/segment-format.ts";
import { openSegmentLog } from "../../src/server/log/segments.ts";
import { MemorySignals } from "../../src/server/signals/memory.ts";
import { openLmdbStore } from "../../src/server/store/lmdb.ts";
import { silentTelemetry } from "../../src/server/telemetry/create-telemetry.ts";
import { publicRoomId } from "../../src/server/uuid.ts";
import { messages } from "./log-records.ts";
import { OPEN_AUTH, OPEN_DOOR } from "./open-auth.ts";

/** What is chosen. */
export interface LoadCoreOptions {
  readonly data: string;
  readonly rooms: readonly string[];
  readonly segmentBytesMax: number;
  /** How many bytes of log are kept at least; 0 = for ever. */
  readonly logKeepBytes: number;
  readonly retention: Retention;
}

/** A pipeline that serves. */
export interface LoadCore {
  readonly log: MessageLog;
  readonly tcpPort: number;
  /** Stops it as SIGTERM would, and closes the folder. */
  stop(): Promise<void>;
}

/** Starts the pipeline and its TCP door. */
export async function startLoadCore(options: LoadCoreOptions): Promise<LoadCore> {
  const { data, segmentBytesMax, logKeepBytes, retention } = options;
  const telemetry = silentTelemetry();
  const folder = await openDataFolder(data, EMBEDDED_FORMAT);
  const { log } = await openSegmentLog({
    dir: folder.log,
    limits: DEFAULT_LIMITS,
    clock: systemClock,
    files: nodeFiles,
    segmentBytesMax,
  });
  const fail = (error: unknown): void => {
    throw error;
  };
  const store = await openLmdbStore({ dir: folder.store, readOnly: false, damaged: fail });
  const directory = await openLmdbDirectory({ dir: folder.directory, readOnly: false });
  const signals = new MemorySignals(fail);
  const closePorts = async (): Promise<void> => {
    await signals.close();
    await directory.close();
    await store.close();
    await log.close();
    folder.close();
  };
  try {
    const core = await startCore(
      {
        log,
        logFault: () => log.fault,
        oldestToKeep: async () => (logKeepBytes === 0 ? 0 : log.oldestToKeep(logKeepBytes)),
        kept: new KeptSnapshotFiles(nodeFiles, folder.log, fail),
        store,
        directory,
        signals,
      },
      {
        node: "test",
        rooms: options.rooms.map((name) => ({ name, description: "" })),
        limits: DEFAULT_LIMITS,
        retention,
        auth: OPEN_AUTH,
        clock: systemClock,
        chance: systemChance,
        telemetry,
      },
    );
    const { sessions, dispatcher, guests } = core;
    const door = { sessions, dispatcher, guests, telemetry, clock: systemClock, limits: DEFAULT_LIMITS };
    const gateway = new TcpGateway({ ...door, ...OPEN_DOOR });
    const { port } = await gateway.listen({ host: "127.0.0.1", port: 0 });
    const stop = async (): Promise<void> => {
      gateway.close();
      await core.stop();
      await closePorts();
    };
    return { log, tcpPort: port, stop };
  } catch (error) {
    await closePorts();
    throw error;
  }
}

/** Records of one append. */
const APPEND_RECORDS = 2000;
/** Appends that wait at a time. */
const APPENDS_WAITING = 8;

/** Appends messages `from` to below `to`, in turn to the rooms, with so many characters of text more than a number. */
export async function fillLog(
  log: MessageLog,
  rooms: readonly string[],
  from: number,
  to: number,
  padding: number,
): Promise<void> {
  const text = "x".repeat(padding);
  const waiting: Promise<number>[] = [];
  for (let at = from; at < to; at += APPEND_RECORDS) {
    const room = publicRoomId(rooms[Math.floor(at / APPEND_RECORDS) % rooms.length] ?? "");
    const records = messages(at, Math.min(at + APPEND_RECORDS, to), { room }).map((record, index) => ({
      ...record,
      // With keys, so that the window of the fold is as full as it gets.
      key: `key-${at + index}`,
      body: JSON.stringify(`${at + index} ${text}`),
    }));
    waiting.push(log.append(0, records));
    if (waiting.length >= APPENDS_WAITING) await waiting.shift();
  }
  await Promise.all(waiting);
}

/** Appends to the log of a folder that no server has, as one does that is killed before its store has any of it. */
export async function appendBehindStore(
  data: string,
  rooms: readonly string[],
  count: number,
  padding: number,
): Promise<void> {
  const folder = await openDataFolder(data, EMBEDDED_FORMAT);
  const limits = DEFAULT_LIMITS;
  const files = { files: nodeFiles, segmentBytesMax: SEGMENT_BYTES_MAX };
  const { log } = await openSegmentLog({ dir: folder.log, limits, clock: systemClock, ...files });
  const { end } = await log.bounds(0);
  await fillLog(log, rooms, end, end + count, padding);
  await log.close();
  folder.close();
}
