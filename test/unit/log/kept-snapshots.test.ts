/** Snapshots beside the log: kept, found, passed over where damaged, dropped. */
import { describe, expect, it } from "vitest";
import { KeptSnapshotFiles } from "../../../src/server/log/kept-snapshots.ts";
import { FaultingFiles } from "../../support/faulting-files.ts";
import { messages } from "../../support/log-records.ts";
import { LOG_DIR, readAll, withLog } from "../../support/log-under-test.ts";
import { MemoryFiles } from "../../support/memory-files.ts";

const path = (position: number): string => `${LOG_DIR}/${String(position).padStart(20, "0")}.snapshot`;

async function kept(positions: readonly number[]) {
  const files = new MemoryFiles();
  const damaged: string[] = [];
  const snapshots = new KeptSnapshotFiles(files, LOG_DIR, (error) => damaged.push(error.message));
  for (const position of positions) await snapshots.keep(position, Buffer.from(`state at ${position}`));
  return { files, damaged, snapshots };
}

describe("snapshots beside the log", () => {
  it("PROJ-3 finds the oldest at or after a position and the newest at or before one", async () => {
    const { snapshots, damaged } = await kept([300, 10, 70]);
    expect(await snapshots.positions()).toEqual([10, 70, 300]);
    expect((await snapshots.oldest(0))?.position).toBe(10);
    expect((await snapshots.oldest(10))?.position).toBe(10);
    expect((await snapshots.oldest(11))?.position).toBe(70);
    expect(await snapshots.oldest(301)).toBe(undefined);
    expect((await snapshots.newest(1000))?.position).toBe(300);
    expect((await snapshots.newest(70))?.position).toBe(70);
    expect(await snapshots.newest(9)).toBe(undefined);
    expect(Buffer.from((await snapshots.oldest(70))?.bytes ?? []).toString()).toBe("state at 70");
    expect(damaged).toEqual([]);
  });

  it("PROJ-3 keeps an empty one, and replaces one at the same position", async () => {
    const { snapshots } = await kept([5]);
    await snapshots.keep(5, new Uint8Array(0));
    expect((await snapshots.newest(5))?.bytes.length).toBe(0);
  });

  it("PROJ-3 drops what lies before a position", async () => {
    const { snapshots } = await kept([10, 20, 30]);
    await snapshots.drop(20);
    expect(await snapshots.positions()).toEqual([20, 30]);
    await snapshots.drop(20);
    expect(await snapshots.positions()).toEqual([20, 30]);
  });

  it("LOG-6 one that is cut or has any bit flipped is passed over, and said", async () => {
    const { files, snapshots, damaged } = await kept([10, 20]);
    const whole = files.get(path(10));
    const broken: Buffer[] = [];
    for (let bytes = 0; bytes < whole.length; bytes += 1) broken.push(whole.subarray(0, bytes));
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const copy = Buffer.from(whole);
      copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
      broken.push(copy);
    }
    for (const bytes of broken) {
      files.set(path(10), bytes);
      damaged.length = 0;
      expect((await snapshots.oldest(0))?.position).toBe(20);
      expect(damaged.length).toBe(1);
      expect(damaged[0]).toContain("00000000000000000010.snapshot is damaged");
      expect(await snapshots.newest(15)).toBe(undefined);
    }
    files.set(path(10), files.get(path(20)));
    damaged.length = 0;
    expect((await snapshots.oldest(0))?.position).toBe(20);
    expect(damaged[0]).toContain("another position");
  });

  it("LOG-1 is there after the power failed as soon as `keep` resolved, and whole or not at all before", async () => {
    for (let skip = 0; skip < 6; skip += 1) {
      const disk = new MemoryFiles();
      const files = new FaultingFiles(disk);
      const fault = files.set({ skip, times: 100, kind: "hang" });
      const snapshots = new KeptSnapshotFiles(files, LOG_DIR, () => undefined);
      let isKept = false;
      const keeping = snapshots.keep(7, Buffer.from("state")).then(() => {
        isKept = true;
      });
      await Promise.race([fault.hit, keeping]);
      for (const chance of [() => 0, () => 0.99]) {
        const damaged: Error[] = [];
        const after = new KeptSnapshotFiles(disk.afterPowerLoss(chance), LOG_DIR, (error) => damaged.push(error));
        const found = await after.newest(100);
        expect(damaged).toEqual([]);
        if (isKept) expect(found?.position).toBe(7);
        if (found !== undefined) expect(Buffer.from(found.bytes).toString()).toBe("state");
      }
      fault.release();
      await keeping;
      expect(isKept).toBe(true);
    }
  });

  it("a failed `keep` rejects and leaves what was there", async () => {
    for (const operation of ["open", "write", "datasync", "rename"] as const) {
      const disk = new MemoryFiles();
      await new KeptSnapshotFiles(disk, LOG_DIR, () => undefined).keep(7, Buffer.from("old"));
      const files = new FaultingFiles(disk);
      files.set({ operation, kind: "part" });
      const snapshots = new KeptSnapshotFiles(files, LOG_DIR, () => undefined);
      await expect(snapshots.keep(7, Buffer.from("new"))).rejects.toThrow("EIO");
      expect(Buffer.from((await snapshots.newest(7))?.bytes ?? []).toString()).toBe("old");
    }
  });

  it("does not disturb the log that it stands beside", async () => {
    const { files, snapshots } = await kept([3]);
    await withLog(files, async (log) => void (await log.append(0, messages(0, 2))));
    await snapshots.keep(1, Buffer.from("x"));
    await withLog(files, async (log) => expect(await readAll(log)).toEqual(messages(0, 2)));
  });
});
