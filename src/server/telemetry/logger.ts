/**
 * Telemetry, beside all stages: where log lines go and how they look. Touches pino and the stream it is given.
 */
import type { DestinationStream, Logger } from "pino";
import { destination, pino, stdTimeFunctions } from "pino";
import { prettyFactory } from "pino-pretty";
import type { LogFormat, LogLevel } from "../config/config.ts";

/** What waits to be written to a log that nobody reads, in bytes; lines beyond it are dropped, never the server held. */
const LOG_QUEUE_BYTES_MAX = 4 * 1024 * 1024;

/** How often the last lines are tried where nobody takes them; a tenth of a second lies between. */
const LAST_TRIES = 10;

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
  /** Writes what waits, at once, and ends. Never throws, and gives up after a second: nobody may be reading any more. */
  finish(): void;
}

/** Opens a log stream to a file descriptor. */
export function openLogStream(fd: number): LogStream {
  let triesLeft = Number.POSITIVE_INFINITY;
  const retryEAGAIN = (): boolean => {
    triesLeft -= 1;
    return triesLeft > 0;
  };
  const stream = destination({ dest: fd, sync: false, maxLength: LOG_QUEUE_BYTES_MAX, retryEAGAIN });
  // A log that can't be written any more (its reader is gone, its disk full) is no reason to stop serving.
  stream.on("error", () => undefined);
  return {
    write: (line) => stream.write(line),
    finish: () => {
      triesLeft = LAST_TRIES;
      try {
        stream.flushSync();
      } catch {
        // There is nobody left to tell.
      }
      // Or the stream would flush once more when the process exits.
      stream.destroy();
    },
  };
}

/** Makes the logger: lines for a person on a terminal, one JSON object a line elsewhere. */
export function createLogger(options: LoggerOptions): Logger {
  const forPerson = options.format === "pretty" || (options.format === "auto" && options.terminal);
  const stream = forPerson ? prettyStream(options) : options.stream;
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

/** Writes each line for a person, at once and in this thread: no line is lost in a worker or a queue at the end. */
function prettyStream({ stream, terminal }: LoggerOptions): DestinationStream {
  const format = prettyFactory({
    colorize: terminal,
    translateTime: "SYS:HH:MM:ss.l",
    ignore: "pid,hostname",
    singleLine: true,
  });
  return {
    write(line) {
      stream.write(format(line));
    },
  };
}
