/** The command line: what a data folder must be so that this program may read it as its own. Pure. */

import { EMBEDDED_FORMAT } from "../server/compose/embedded.ts";
import type { DataPaths } from "../server/data-folder/data-folder.ts";
import type { DataFormat } from "../server/data-folder/data-format.ts";
import { StartError } from "../server/start-error.ts";

/**
 * Refuses a folder that another version wrote: it counts otherwise, so that all would look wrong.
 * @throws StartError
 */
export function requireOwnFormat({ dir, format }: DataPaths): void {
  for (const [field, own] of Object.entries(EMBEDDED_FORMAT)) {
    const found = format[field as keyof DataFormat];
    if (found === own) continue;
    throw new StartError(
      `data folder ${dir} has ${field} ${found}, this version reads ${own}: use the version that wrote it`,
    );
  }
}
