/** The command line: `verbatim repair` of a cluster, whose topic is lost: the history goes on with what the database has. */
import { systemChance, systemClock } from "../server/clock.ts";
import { repairCluster } from "../server/compose-cluster.ts";
import { readSources } from "../server/config/env.ts";
import { makeConfig } from "../server/config/make-config.ts";
import { StartError } from "../server/start-error.ts";
import { createTelemetry } from "../server/telemetry/create-telemetry.ts";
import { openLogStream } from "../server/telemetry/logger.ts";
import { type MigrateRequest, withoutDoors } from "./migrate.ts";
import { say } from "./say.ts";
import { stopOnSignal } from "./stop-on-signal.ts";

const STDERR = 2;

/**
 * Lets a cluster go on with another topic than the one it was read from. Resolves with the exit code.
 * @throws StartError where that can't be done, and where no cluster is named
 */
export async function repairOfCluster(request: MigrateRequest): Promise<number> {
  const { config } = makeConfig(readSources(withoutDoors(request.flags), request.config));
  const { cluster, logLevel: level, logFormat: format } = config;
  if (cluster === undefined) {
    throw new StartError(
      "name what to repair: a data folder, verbatim repair DATA_DIR, or a cluster, with --kafka and --cql",
    );
  }
  const stream = openLogStream(STDERR);
  const terminal = process.stderr.isTTY === true;
  const telemetry = createTelemetry({ level, format, stream, terminal, clock: systemClock });
  const signal = stopOnSignal(telemetry, stream);
  try {
    const { topic } = cluster.kafka;
    const { bases } = await repairCluster(
      { config, telemetry, signal, clock: systemClock, chance: systemChance },
      cluster,
    );
    if (bases === undefined) {
      say(`topic ${topic} is the one that the history was read from; nothing was changed`);
      return 0;
    }
    say(`topic ${topic} takes the place of the one that is lost`);
    for (const [partition, base] of bases.entries()) say(`      partition ${partition} goes on at position ${base}`);
    say("      what had been acknowledged and was not in the database yet is lost with it; nobody can say what it was");
    return 0;
  } finally {
    stream.finish();
  }
}
