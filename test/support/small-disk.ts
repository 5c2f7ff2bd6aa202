/**
 * Test support: a disk so small that it fills up for real, a tmpfs of its own. Needs the right to mount, which root has.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A small disk. */
export interface SmallDisk {
  /** Where it is mounted: an empty folder. */
  readonly dir: string;
  /** Unmounts it, with all that lies on it. */
  readonly remove: () => Promise<void>;
}

/** Why there can be no small disk here, or `undefined` where there can. */
export const noSmallDisk: string | undefined = await whyNone();

/** Tries it: in a container root itself may often not mount. */
async function whyNone(): Promise<string | undefined> {
  if (process.platform !== "linux") return "no tmpfs here";
  if (process.getuid?.() !== 0) return "only root may mount";
  try {
    await (await smallDisk(1024 * 1024)).remove();
    return undefined;
  } catch {
    return "root may not mount here";
  }
}

/** Mounts an empty disk of so many bytes. */
export async function smallDisk(bytes: number): Promise<SmallDisk> {
  const dir = await mkdtemp(join(tmpdir(), "verbatim-disk-"));
  try {
    await run("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", dir]);
  } catch (error) {
    await rmdir(dir);
    throw error;
  }
  return {
    dir,
    remove: async () => {
      await run("umount", [dir]);
      await rmdir(dir);
    },
  };
}
