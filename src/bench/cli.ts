/**
 * Load tool, the command line: `verbatim bench`. Each command hands over the exit code: 1 on any shortfall.
 */
import { Command } from "commander";
import { guarded } from "./command-line.ts";
import { serveBareHttp } from "./http/bare-server.ts";
import { httpCommand } from "./http/command.ts";
import { wholeNumber } from "./options.ts";
import { type PlainOptions, servePlain } from "./plain/plain-process.ts";
import { serveRelay } from "./relay-process.ts";
import { tcpCommand } from "./tcp-command.ts";

/** The command; `finish` hears the exit code. */
export function benchCommand(finish: (exitCode: number) => void): Command {
  const bench = new Command("bench").description("measure a server under load, and check every delivery");
  bench.addCommand(tcpCommand(finish));
  bench.addCommand(httpCommand(finish));
  bench
    .command("relay")
    .description("run the plain in-memory relay that the server is compared with over TCP")
    .option("--tcp <HOST:PORT>", "where to listen", "127.0.0.1:8080")
    .action(async (options: { tcp: string }) => finish(await guarded(() => serveRelay(options.tcp))));
  bench
    .command("bare-http")
    .description("run the bare HTTP server that the server is compared with over HTTP")
    .option("--http <HOST:PORT>", "where to listen", "127.0.0.1:8000")
    .action(async (options: { http: string }) => finish(await guarded(() => serveBareHttp(options.http))));
  bench
    .command("plain")
    .description("run the plain way over engines that a node of a cluster is compared with")
    .option("--http <HOST:PORT>", "where to listen", "127.0.0.1:8000")
    .requiredOption("--kafka <HOST:PORT,…>", "brokers that speak Kafka's API")
    .requiredOption("--cql <HOST:PORT,…>", "nodes of a CQL database")
    .option("--topic <NAME>", "its topic, which it makes", "plain-messages")
    .option("--keyspace <NAME>", "its keyspace, which it makes", "plain")
    .option("--at-once <N>", "records it works on at once: 1 keeps them in order", wholeNumber, 1)
    .action(async (options: PlainOptions) => finish(await guarded(() => servePlain(options))));
  return bench;
}
