/**
 * Telemetry, beside all stages: where log lines go and how they look. Touches pino and the stream it is given.
 */
import type { DestinationStream, Logger } from "pino";
import { destination, pino, stdTimeFunctions } from "pino";
import pretty from "pino-pretty";
import type { LogFormat, LogLevel } from "../config/config.ts";

/** What waits to be written to a log that nobody reads, in bytes; lines beyond it are dropped, never the server held. */
const LOG_QUEUE_BYTES_MAX = 4 * 1024 * 1024;

/** How a logger is made. */
export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Takes whole lines. */
  readonly stream: DestinationStream;
  /** Whether a person is looking: what `auto` means, and whether there are colours. */
  readonly terminal: boolean;
}

/** A stream that writes to a file descriptor without ever holding up the event loop. */
export interface LogStream extends DestinationStream {
  /** Writes what waits, at once. Throws where the descriptor takes nothing. */
  flushSync(): void;
}

/** Opens a log stream to a file descriptor. */
export function openLogStream(fd: number): LogStream {
  return destination({ dest: fd, sync: false, maxLength: LOG_QUEUE_BYTES_MAX });
}

/** Makes the logger: lines for a person on a terminal, one JSON object a line elsewhere. */
export function createLogger(options: LoggerOptions): Logger {
  const forPerson = options.format === "pretty" || (options.format === "auto" && options.terminal);
  const stream = forPerson
    ? pretty({
        destination: options.stream,
        colorize: options.terminal,
        translateTime: "SYS:HH:MM:ss.l",
        ignore: "pid,hostname",
        singleLine: true,
      })
    : options.stream;
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
}
