/** Test support: what a configuration is read from, as it stands in a folder of its own. */
import type { Sources } from "../../src/server/config/env.ts";

/** What was set where; `file` = the text of the configuration file. */
export interface Given {
  readonly flags?: Readonly<Record<string, string | true>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly file?: string | undefined;
}

/** The sources of a command that runs in `/srv/chat`, with its file in `/etc/verbatim`. */
export function sourcesOf({ flags = {}, env = {}, file }: Given): Sources {
  return {
    flags: new Map(Object.entries(flags)),
    env: new Map(Object.entries(env)),
    file: file === undefined ? undefined : { path: "/etc/verbatim/verbatim.yaml", text: file },
    folder: "/srv/chat",
    shippedRooms: "/opt/verbatim/resources/rooms.json",
  };
}
