/**
 * Test support: a copy of the project as somebody gets it who clones it, in a folder for temporary files.
 */
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PROJECT_ROOT, projectFiles } from "./project-files.ts";

/** A folder that goes away. */
export interface TempFolder {
  readonly path: string;
  remove(): void;
}

/** Makes an empty folder for temporary files. */
export function tempFolder(purpose: string): TempFolder {
  const path = mkdtempSync(join(realpathSync(tmpdir()), `verbatim-${purpose}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** Copies what belongs to the project, and nothing that was built or installed, into a new folder. */
export function cleanCheckout(purpose: string): TempFolder {
  const folder = tempFolder(purpose);
  for (const file of projectFiles()) {
    const target = join(folder.path, file);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(PROJECT_ROOT + file, target);
  }
  return folder;
}
