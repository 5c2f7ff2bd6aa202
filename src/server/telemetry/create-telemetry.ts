/**
 * Telemetry, beside all stages: makes it, for a server and for tests.
 */
import type { DestinationStream } from "pino";
import { pino } from "pino";
import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import type { LogFormat, LogLevel } from "../config/config.ts";
import { createLogger } from "./logger.ts";
import { Telemetry } from "./telemetry.ts";

/** How the telemetry of a server is made. */
export interface TelemetryOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Takes whole log lines. */
  readonly stream: DestinationStream;
  /** Whether a person is looking at the stream. */
  readonly terminal: boolean;
  readonly clock: Clock;
}

/** The telemetry of a server, with the usual figures of the process. */
export function createTelemetry(options: TelemetryOptions): Telemetry {
  return new Telemetry(createLogger(options), options.clock, true);
}

/** Telemetry that counts and says nothing, for tests; its metrics can be rendered. */
export function silentTelemetry(): Telemetry {
  return new Telemetry(pino({ enabled: false }), systemClock, false);
}
