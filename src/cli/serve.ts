/**
 * The command line: `verbatim serve`. Reads the configuration, starts the server, says where it is, and stops it when
 * it is asked to (STOP-1).
 */
import { writeSync } from "node:fs";
import { basename, relative } from "node:path";
import { systemClock } from "../server/clock.ts";
import { cqlOptions, kafkaOptions } from "../server/compose/engine-options.ts";
import type { Config } from "../server/config/config.ts";
import { readSources } from "../server/config/env.ts";
import { makeConfig } from "../server/config/make-config.ts";
import { printConfig } from "../server/config/print-config.ts";
import { openCertificate } from "../server/gateways/tls.ts";
import { readRoomsFile } from "../server/rooms-file.ts";
import type { RunningServer } from "../server/server.ts";
import { createTelemetry } from "../server/telemetry/create-telemetry.ts";
import type { LogStream } from "../server/telemetry/logger.ts";
import { openLogStream } from "../server/telemetry/logger.ts";
import type { Telemetry } from "../server/telemetry/telemetry.ts";
import { banner, listeningFields } from "./banner.ts";
import { stopOnSignal } from "./stop-on-signal.ts";
import { packageVersion } from "./version.ts";

/** What `verbatim serve` was asked. */
export interface ServeRequest {
  /** The settings that were given as flags: flag without dashes → value. */
  readonly flags: ReadonlyMap<string, string | true>;
  /** What `--config` was given. */
  readonly config: string | undefined;
  readonly printConfig: boolean;
  readonly checkConfig: boolean;
}

const STDOUT = 1;
const STDERR = 2;

/**
 * Serves until a signal says to stop; resolves with the exit code.
 * @throws StartError for whatever keeps it from starting
 */
export async function serve(request: ServeRequest): Promise<number> {
  const loaded = makeConfig(readSources(request.flags, request.config));
  const { config } = loaded;
  if (request.printConfig) {
    writeSync(STDOUT, printConfig(loaded));
    return 0;
  }
  if (request.checkConfig) {
    const rooms = await readRoomsFile(config.rooms);
    await checkFiles(config);
    writeSync(STDOUT, `verbatim: the configuration is right; ${rooms.length} rooms\n`);
    return 0;
  }
  const terminal = process.stdout.isTTY === true;
  const stream = openLogStream(STDOUT);
  const { logLevel: level, logFormat: format } = config;
  const telemetry = createTelemetry({ level, format, stream, terminal, clock: systemClock });
  exitOnCrash(telemetry, stream);
  const signal = stopOnSignal(telemetry, stream);
  for (const warning of loaded.warnings) telemetry.logger.warn(warning);

  // Loaded here, so that a wrong configuration is told at once and no adapter has been touched.
  const { start } = await import("../server/server.ts");
  try {
    const server = await start({ config, telemetry, signal });
    reloadOnSignal(server, telemetry);
    const started = { ...server, version: packageVersion(), config };
    if (format === "pretty" || (format === "auto" && terminal))
      stream.write(banner(started, programName(process.argv[1] ?? "")));
    else telemetry.logger.info(listeningFields(started), "listening");
    await server.stopped.catch((error: unknown) => {
      telemetry.internalError("server", error);
      throw error;
    });
    telemetry.logger.info("stopped");
  } catch (error) {
    // Asked to stop while it was starting: that is no failure.
    if (!isAbort(error, signal)) throw error;
  } finally {
    stream.finish();
  }
  return 0;
}

/** How a person calls this program again: by its name where it is installed, by its file in a checkout. */
function programName(script: string): string {
  return basename(script) === "verbatim" ? "verbatim" : `node ${relative("", script)}`;
}

/** Reads the files that the configuration names besides: certificates, keys, passwords. Throws a `StartError`. */
async function checkFiles({ tls, auth: { jwt }, cluster }: Config): Promise<void> {
  if (cluster !== undefined) await Promise.all([kafkaOptions(cluster.kafka), cqlOptions(cluster.cql)]);
  if (tls !== undefined) await openCertificate(tls);
  if (jwt === undefined) return;
  const { openJwtKeys } = await import("../server/auth/jwt-keys.ts");
  await openJwtKeys({ jwt, clock: systemClock, failed: () => undefined });
}

/** SIGHUP reads the certificate anew: whoever renews it need not stop the server. */
function reloadOnSignal(server: Pick<RunningServer, "reload">, telemetry: Telemetry): void {
  process.on("SIGHUP", () => {
    server.reload().then(
      () => telemetry.logger.info({ signal: "SIGHUP" }, "the certificate was read anew"),
      (error: unknown) =>
        telemetry.logger.error({ err: error }, "the certificate was not read anew; the old one stays"),
    );
  });
}

/** What nobody caught ends the process: its state can't be trusted any more, and what was acknowledged is in the log. */
function exitOnCrash(telemetry: Telemetry, stream: LogStream): void {
  const crash = (error: unknown): void => {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    try {
      telemetry.internalError("uncaught", error);
      stream.finish();
      writeSync(STDERR, `verbatim: crashed; what was acknowledged is safe, start it again\n${reason}\n`);
    } finally {
      process.exit(1);
    }
  };
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted && (error === signal.reason || (error instanceof Error && error.name === "AbortError"));
}
