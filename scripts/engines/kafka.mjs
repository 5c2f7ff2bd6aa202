/**
 * One Apache Kafka broker, which is its own controller (KRaft), without a container.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { kafkaAnswers } from "./answers.mjs";
import { Engine, engineFolder, freePorts, runJava } from "./engine.mjs";
import { fetchJars } from "./jars.mjs";

/**
 * Starts a broker on a free port of loopback and resolves when it answers. All of it may be given: `port`, `dir` (one that an
 * earlier broker used is used again with its data; it is not removed), `heapMiB`, and a `signal` that calls it off.
 */
export async function startKafka({ port = undefined, dir = undefined, heapMiB = 512, signal = undefined } = {}) {
  const jars = join(await fetchJars("kafka", signal), "*");
  const folder = await engineFolder("kafka", dir);
  const [freePort, controllerPort] = await freePorts(2);
  const brokerPort = port ?? freePort;
  const settings = join(folder.dir, "server.properties");
  await writeFile(settings, settingsOf(brokerPort, controllerPort, join(folder.dir, "logs")));
  if (!existsSync(join(folder.dir, "logs", "meta.properties"))) {
    const id = randomBytes(16).toString("base64url");
    await runJava(
      ["-XX:TieredStopAtLevel=1", "-cp", jars, "kafka.tools.StorageTool", "format", "-t", id, "-c", settings],
      folder.dir,
      signal,
    );
  }
  const engine = new Engine(
    {
      name: "Kafka",
      port: brokerPort,
      dir: folder.dir,
      args: [
        `-Xms${heapMiB}m`,
        `-Xmx${heapMiB}m`,
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-cp",
        jars,
        "kafka.Kafka",
        settings,
      ],
      answers: kafkaAnswers,
    },
    folder.isOwn,
  );
  return await startOrRemove(engine, signal);
}

/** Starts an engine; one that does not come up leaves nothing behind. */
export async function startOrRemove(engine, signal) {
  try {
    return await engine.start(signal);
  } catch (error) {
    await engine.remove();
    throw error;
  }
}

function settingsOf(port, controllerPort, dir) {
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
controller.listener.names=CONTROLLER
log.dirs=${dir}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.cleaner.dedupe.buffer.size=4194304
`;
}
