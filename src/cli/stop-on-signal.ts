/** The command line: what SIGTERM and ctrl-c do to a command that takes a while. */
import type { LogStream } from "../server/telemetry/logger.ts";
import type { Telemetry } from "../server/telemetry/telemetry.ts";

/** The exit code of a program that ctrl-c ended: 128 and the number of SIGINT. */
const EXIT_INTERRUPTED = 130;

/** A signal that aborts with the first SIGTERM or ctrl-c; a second ctrl-c does not wait for anything. */
export function stopOnSignal(telemetry: Telemetry, stream: LogStream): AbortSignal {
  const stop = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    if (!stop.signal.aborted) {
      telemetry.logger.info({ signal: name }, "stopping; ctrl-c again to stop at once");
      stop.abort();
    } else if (name === "SIGINT") {
      stream.finish();
      process.exit(EXIT_INTERRUPTED);
    }
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  return stop.signal;
}
