/** The command line: which version this is, from the package's own file. */
import { readFileSync } from "node:fs";

/** The version of the package, such as `0.1.0`. */
export function packageVersion(): string {
  // Two folders up in `src` and in `dist` alike.
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const description: unknown = JSON.parse(text);
  const version =
    typeof description === "object" && description !== null && "version" in description && description.version;
  return typeof version === "string" ? version : "unknown";
}
