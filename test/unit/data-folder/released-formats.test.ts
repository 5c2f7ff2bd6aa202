/** Data folders as earlier releases wrote them: this program opens each, finds all that was in it, and goes on. */
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/protocol/limits.ts";
import { systemClock } from "../../../src/server/clock.ts";
import type { DataFolder } from "../../../src/server/data-folder/data-folder.ts";
import { openDataFolder } from "../../../src/server/data-folder/data-folder.ts";
import { DATA_FORMAT } from "../../../src/server/data-folder/data-format.ts";
import type { Guest } from "../../../src/server/directory/directory.ts";
import { openLmdbDirectory } from "../../../src/server/directory/lmdb.ts";
import { KeptSnapshotFiles } from "../../../src/server/log/kept-snapshots.ts";
import { nodeFiles } from "../../../src/server/log/log-files.ts";
import type { MessageLog } from "../../../src/server/log/message-log.ts";
import { openSegmentLog } from "../../../src/server/log/segments.ts";
import { KEY_WINDOW } from "../../../src/server/projector/key-window.ts";
import { FOLD_VERSION, Sequencer } from "../../../src/server/projector/sequencer.ts";
import { decodeSnapshot } from "../../../src/server/projector/snapshot.ts";
import type { LogRecord, StoredRecord, Uuid } from "../../../src/server/record.ts";
import { openLmdbStore } from "../../../src/server/store/lmdb.ts";
import { expectedRows, NO_LIMIT } from "../../support/store-history.ts";

const FIXTURES = fileURLToPath(new URL("../../fixtures/", import.meta.url));
const FORMAT = {
  format: DATA_FORMAT,
  partitions: 1,
  hash: "murmur2",
  keyWindow: KEY_WINDOW,
  foldVersion: FOLD_VERSION,
};

/** What `expected.json` says. */
interface Expected {
  readonly checkpoint: number;
  readonly snapshots: readonly number[];
  readonly floor: { readonly room: Uuid; readonly seq: number };
  /** One a position; JSON has no `undefined`, so a record without a key has `null`. */
  readonly records: readonly (Omit<LogRecord, "key"> & { readonly key: string | null })[];
  readonly rows: readonly { readonly seq: number; readonly n: number; readonly position: number }[];
  readonly guests: readonly { readonly sessionHash: string; readonly guest: Guest }[];
}

const fail = (error: Error): never => {
  throw error;
};

/** All records of a log. */
async function readAll(log: MessageLog): Promise<(LogRecord | undefined)[]> {
  const { begin, end } = await log.bounds(0);
  const read: (LogRecord | undefined)[] = [];
  for await (const { records } of log.read(0, begin, AbortSignal.timeout(10_000))) {
    read.push(...records);
    if (begin + read.length >= end) break;
  }
  return read;
}

/** Folds records that begin at a position. */
function fold(sequencer: Sequencer, records: readonly LogRecord[], from: number): StoredRecord[] {
  return records.flatMap((record, index) => {
    const folded = sequencer.fold(record, from + index);
    return "first" in folded ? [] : [folded];
  });
}

const releases = (await readdir(FIXTURES)).filter((name) => /^data-v\d+$/.test(name)).toSorted();

it("LOG-6 there is a data folder of every format up to this one", () => {
  expect(releases).toEqual(Array.from({ length: DATA_FORMAT }, (_, index) => `data-v${index + 1}`));
});

describe.each(releases)("the data folder %s", (release) => {
  let parent: string;
  let folder: DataFolder;
  let expected: Expected;
  let records: LogRecord[];
  let rows: StoredRecord[];

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), "verbatim-released-"));
    await cp(join(FIXTURES, release, "folder"), join(parent, "data"), { recursive: true });
    expected = JSON.parse(await readFile(join(FIXTURES, release, "expected.json"), "utf8"));
    records = expected.records.map((record) => ({ ...record, key: record.key ?? undefined }));
    rows = expected.rows.map((numbers) => ({ ...numbers, record: records[numbers.position] as LogRecord }));
    folder = await openDataFolder(join(parent, "data"), FORMAT);
  });
  afterEach(async () => {
    folder.close();
    await rm(parent, { recursive: true });
  });

  const openLog = async () => {
    const opened = await openSegmentLog({
      dir: folder.log,
      limits: DEFAULT_LIMITS,
      clock: systemClock,
      files: nodeFiles,
      segmentBytesMax: 64 * 1024 * 1024,
    });
    expect(opened.cut).toBeUndefined();
    return opened.log;
  };
  const openStore = () => openLmdbStore({ dir: folder.store, readOnly: false, damaged: fail });

  it("LOG-6 gives back every record of its log, and takes more", async () => {
    const log = await openLog();
    expect(await log.bounds(0)).toEqual({ begin: 0, end: records.length });
    expect(await readAll(log)).toEqual(records);
    expect(await log.append(0, records.slice(0, 3))).toBe(records.length);
    await log.close();
    const again = await openLog();
    expect(await readAll(again)).toEqual([...records, ...records.slice(0, 3)]);
    await again.close();
  });

  it("PROJ-1 folds to the same numbers, from the start and from each of its snapshots", async () => {
    expect(fold(new Sequencer(), records, 0)).toEqual(rows);
    const store = await openStore();
    expect(await store.snapshots(0)).toEqual(expected.snapshots);
    const kept = new KeptSnapshotFiles(nodeFiles, folder.log, fail);
    for (const position of expected.snapshots) {
      const snapshot = await store.snapshot(0, position);
      if (snapshot === undefined) throw new Error(`no snapshot at ${position}`);
      const rest = rows.filter((row) => row.position >= position);
      expect(fold(decodeSnapshot(snapshot.bytes).sequencer, records.slice(position), position)).toEqual(rest);
    }
    const oldest = await kept.oldest(0);
    if (oldest === undefined) throw new Error("no snapshot beside the log");
    const { position, bytes } = oldest;
    const rest = rows.filter((row) => row.position >= position);
    expect(fold(decodeSnapshot(bytes).sequencer, records.slice(position), position)).toEqual(rest);
    await store.close();
  });

  it("LOG-6 gives back every row of its store, and takes more", async () => {
    const store = await openStore();
    const rooms = [...new Set(rows.map(({ record }) => record.room))];
    const check = async (upTo: number): Promise<void> => {
      expect(await store.checkpoint(0)).toBe(upTo);
      for (const room of rooms) {
        const floor = room === expected.floor.room ? expected.floor.seq : 1;
        expect(await store.floor(room)).toBe(floor);
        const inRoom = expectedRows(rows, room, floor, upTo);
        expect(await store.range(room, 1, Number.MAX_SAFE_INTEGER, NO_LIMIT)).toEqual(inRoom);
        expect(await store.page(room, Number.MAX_SAFE_INTEGER, NO_LIMIT)).toEqual(inRoom);
      }
    };
    expect((await store.rooms()).toSorted()).toEqual(rooms.toSorted());
    await check(expected.checkpoint);
    const from = expected.checkpoint - 30;
    const covered = rows.filter(({ position }) => position >= from);
    await store.write({ partition: 0, from, to: records.length, records: covered, removals: [], snapshot: undefined });
    await check(records.length);
    await store.close();
  });

  it("WIRE-11 knows its guests", async () => {
    const directory = await openLmdbDirectory({ dir: folder.directory, readOnly: false });
    for (const { sessionHash, guest } of expected.guests) {
      expect(await directory.findGuest(sessionHash, 0)).toEqual(guest);
      expect(await directory.isNameTaken(guest.name, 0)).toBe(true);
    }
    await directory.close();
  });
});
