/**
 * Test support: the files of the project as they stand in the working tree, for tests that read the project itself.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
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
  const paths = listing.split("\0").filter((path) => path !== "" && existsSync(PROJECT_ROOT + path));
  return [...new Set(paths)].sort();
}

/** The text of one of them. */
export function readProjectFile(path: string): string {
  return readFileSync(PROJECT_ROOT + path, "utf8");
}
