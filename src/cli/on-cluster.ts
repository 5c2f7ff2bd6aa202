/** The command line: what the commands that work on a cluster, and end, have in common. */
import { systemChance, systemClock } from "../server/clock.ts";
import type { EnginesStart } from "../server/compose/engines.ts";
import type { ClusterConfig } from "../server/config/config.ts";
import { readSources } from "../server/config/env.ts";
import { makeConfig } from "../server/config/make-config.ts";
import { StartError } from "../server/start-error.ts";
import { createTelemetry } from "../server/telemetry/create-telemetry.ts";
import { openLogStream } from "../server/telemetry/logger.ts";
import { stopOnSignal } from "./stop-on-signal.ts";

/** What such a command was asked. */
export interface ClusterRequest {
  /** The settings that were given as flags: flag without dashes → value. */
  readonly flags: ReadonlyMap<string, string | true>;
  /** What `--config` was given. */
  readonly config: string | undefined;
}

const STDERR = 2;

/**
 * Does a command's work on the cluster that is named, and says what came of it. Resolves with the exit code.
 * @throws StartError where none is named (`unnamed`), and where the work can't be done
 */
export async function onCluster(
  request: ClusterRequest,
  { command, unnamed }: { readonly command: string; readonly unnamed: string },
  work: (start: EnginesStart, cluster: ClusterConfig) => Promise<void>,
): Promise<number> {
  const { config } = makeConfig(readSources(withoutDoors(request.flags), request.config));
  const { cluster, logLevel: level, logFormat: format } = config;
  if (cluster === undefined) throw new StartError(unnamed);
  // What it did is for standard output; what it waits for is not.
  const stream = openLogStream(STDERR);
  const terminal = process.stderr.isTTY === true;
  const telemetry = createTelemetry({ level, format, stream, terminal, clock: systemClock });
  const signal = stopOnSignal(telemetry, stream);
  try {
    await work({ config, telemetry, signal, clock: systemClock, chance: systemChance }, cluster);
    return 0;
  } catch (error) {
    if (signal.aborted) throw new StartError(`stopped before it was done; run ${command} again`, { cause: error });
    throw error;
  } finally {
    stream.finish();
  }
}

/**
 * The flags of a command that opens no door. Where those of the nodes are, and whether the mode suits them, must not keep
 * it from its work: an image for containers listens on every address.
 */
function withoutDoors(flags: ReadonlyMap<string, string | true>): ReadonlyMap<string, string | true> {
  return new Map([...flags, ["tcp", "127.0.0.1:8080"], ["http", "off"], ["ops", "off"]]);
}
