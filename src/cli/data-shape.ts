/** The command line: what a data folder must be so that this program may read it as its own. Pure. */
import type { DataPaths } from "../server/data-folder.ts";
import { DATA_FORMAT, type DataFormat } from "../server/data-format.ts";
import { KEY_WINDOW } from "../server/projector/key-window.ts";
import { FOLD_VERSION } from "../server/projector/sequencer.ts";
import { StartError } from "../server/start-error.ts";

/** The embedded folder as this version writes it. */
export const OWN_FORMAT: DataFormat = {
  format: DATA_FORMAT,
  partitions: 1,
  hash: "murmur2",
  keyWindow: KEY_WINDOW,
  foldVersion: FOLD_VERSION,
};

/**
 * Refuses a folder that another version wrote: it counts otherwise, so that all would look wrong.
 * @throws StartError
 */
export function requireOwnFormat({ dir, format }: DataPaths): void {
  for (const [field, own] of Object.entries(OWN_FORMAT)) {
    const found = format[field as keyof DataFormat];
    if (found === own) continue;
    throw new StartError(
      `data folder ${dir} has ${field} ${found}, this version reads ${own}: use the version that wrote it`,
    );
  }
}
