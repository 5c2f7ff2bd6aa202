/** Small files that must be there, whole, after a power cut. Touches the file system and nothing else. */
import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** Writes a file as a whole: whoever reads it, whenever, finds the old text or the new one. Durable when it resolves. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await open(temporary, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** Makes the names in a folder durable. */
export async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
