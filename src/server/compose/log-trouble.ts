/** Around the stages: what a log that can't be read means for whoever starts the server, and what to do. Pure. */
import type { Config } from "../config/config.ts";
import { LogError } from "../log/message-log.ts";
import { StartError } from "../start-error.ts";

/** What keeps a server from starting, as a line that says what to do, where the log is the reason. */
export function explain(error: unknown, { data, cluster }: Config): unknown {
  if (!(error instanceof LogError)) return error;
  if (cluster !== undefined) {
    const { topic } = cluster.kafka;
    return new StartError(`the topic ${topic} can't be read: ${error.message}; ask the brokers why`, { cause: error });
  }
  return new StartError(
    `the log can't be read: ${error.message}; look with verbatim check ${data}, then cut what is lost with verbatim repair ${data}`,
    { cause: error },
  );
}
