/**
 * Test support: the files of the project as they stand in the working tree, for tests that read the project itself.
 */
import { execFileSync } from "node:child_process";
import { lstatSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The project's folder, with a slash at its end. */
export const PROJECT_ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Paths from the project's folder of all files that belong to it: committed, or about to be; never what is ignored. */
export function projectFiles(): readonly string[] {
  const listing = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: PROJECT_ROOT,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  // Plain files only: a link to somebody's node_modules must neither be copied nor followed. And not those that were
  // deleted a moment ago and are still in git's index.
  const isFile = (path: string): boolean =>
    lstatSync(PROJECT_ROOT + path, { throwIfNoEntry: false })?.isFile() === true;
  return [...new Set(listing.split("\0"))].filter((path) => path !== "" && isFile(path)).sort();
}

/** The text of one of them. */
export function readProjectFile(path: string): string {
  return readFileSync(PROJECT_ROOT + path, "utf8");
}
