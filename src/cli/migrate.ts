/** The command line: `verbatim migrate`, which makes and changes what a cluster's nodes need, and ends. */
import { systemChance, systemClock } from "../server/clock.ts";
import { migrateCluster } from "../server/compose-cluster.ts";
import { readSources } from "../server/config/env.ts";
import { makeConfig } from "../server/config/make-config.ts";
import { StartError } from "../server/start-error.ts";
import { createTelemetry } from "../server/telemetry/create-telemetry.ts";
import { openLogStream } from "../server/telemetry/logger.ts";
import { say } from "./say.ts";
import { stopOnSignal } from "./stop-on-signal.ts";

/** What `verbatim migrate` was asked. */
export interface MigrateRequest {
  /** The settings that were given as flags: flag without dashes → value. */
  readonly flags: ReadonlyMap<string, string | true>;
  /** What `--config` was given. */
  readonly config: string | undefined;
}

const STDERR = 2;

/**
 * The flags of a command that opens no door. Where those of the nodes are, and whether the mode suits them, must not keep
 * it from its work: an image for containers listens on every address.
 */
export function withoutDoors(flags: ReadonlyMap<string, string | true>): ReadonlyMap<string, string | true> {
  return new Map([...flags, ["tcp", "127.0.0.1:8080"], ["http", "off"], ["ops", "off"]]);
}

/**
 * Makes tables, topics and public rooms; two at once are harmless. Resolves with the exit code.
 * @throws StartError where that can't be done
 */
export async function migrate(request: MigrateRequest): Promise<number> {
  const { config } = makeConfig(readSources(withoutDoors(request.flags), request.config));
  const { cluster, logLevel: level, logFormat: format } = config;
  if (cluster === undefined) {
    throw new StartError(
      "there is no cluster to migrate: name it with --kafka and --cql; a data folder is migrated by verbatim serve",
    );
  }
  // What it did is for standard output; what it waits for is not.
  const stream = openLogStream(STDERR);
  const terminal = process.stderr.isTTY === true;
  const telemetry = createTelemetry({ level, format, stream, terminal, clock: systemClock });
  const signal = stopOnSignal(telemetry, stream);
  try {
    const start = { config, telemetry, signal, clock: systemClock, chance: systemChance };
    const { ran, rooms, partitions } = await migrateCluster(start, cluster);
    const what = ran.length === 0 ? "nothing to migrate" : `migrated: ${ran.join(", ")}`;
    say(`keyspace ${cluster.cql.keyspace}: ${what}; ${rooms} public rooms`);
    say(`topic ${cluster.kafka.topic}: ${partitions} partitions; topic ${cluster.kafka.signalsTopic}`);
    return 0;
  } catch (error) {
    if (signal.aborted)
      throw new StartError("stopped before it was done; run verbatim migrate again", { cause: error });
    throw error;
  } finally {
    stream.finish();
  }
}
