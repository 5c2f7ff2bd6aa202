/**
 * One Apache Kafka broker, which is its own controller (KRaft), without a container.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { kafkaAnswers } from "./answers.mjs";
import { Engine, engineFolder, freePorts, QUICK_COMPILER, runJava } from "./engine.mjs";
import { fetchJars } from "./jars.mjs";

/**
 * Starts a broker on a free port of loopback and resolves when it answers. All of it may be given: `port`, `dir` (one that an
 * earlier broker used is used again with its data; it is not removed), `heapMiB`, `isBrief`: whether it lives for minutes, as
 * for a test; a `signal` that calls it off, and `protection`: what it shows and whom it knows where it speaks TLS and SASL alone.
 */
export async function startKafka({
  port = undefined,
  dir = undefined,
  heapMiB = 512,
  isBrief = true,
  signal = undefined,
  protection = undefined,
} = {}) {
  const jars = join(await fetchJars("kafka", signal), "*");
  const folder = await engineFolder("kafka", dir);
  const [freePort, controllerPort] = await freePorts(2);
  const brokerPort = port ?? freePort;
  const settings = join(folder.dir, "server.properties");
  const doors = [`127.0.0.1:${brokerPort}`, `CONTROLLER://127.0.0.1:${controllerPort}`];
  const listeners = protection === undefined ? plainListeners(...doors) : protectedListeners(...doors, protection);
  await writeFile(settings, `${settingsOf(controllerPort, join(folder.dir, "logs"))}${listeners}`, { mode: 0o600 });
  if (!existsSync(join(folder.dir, "logs", "meta.properties"))) {
    const id = randomBytes(16).toString("base64url");
    await runJava(
      [
        ...[...QUICK_COMPILER, "-cp", jars, "kafka.tools.StorageTool", "format"],
        // In one piece: an id may begin with a dash, and would be taken for a flag.
        ...[`--cluster-id=${id}`, "-c", settings],
        ...(protection?.users ?? []).flatMap(scramOf),
      ],
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
        ...(isBrief ? QUICK_COMPILER : []),
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-cp",
        jars,
        "kafka.Kafka",
        settings,
      ],
      answers: await answersOf(protection),
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

/** How it is asked whether it serves. */
async function answersOf(protection) {
  if (protection === undefined) return kafkaAnswers;
  const [first] = protection.users;
  const login = { ca: await readFile(protection.ca, "utf8"), user: first.name, password: first.password };
  return (port) => kafkaAnswers(port, login);
}

function settingsOf(controllerPort, dir) {
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
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

function plainListeners(address, controller) {
  return `listeners=PLAINTEXT://${address},${controller}
advertised.listeners=PLAINTEXT://${address}
`;
}

/** The controller's door stays open on loopback: it is the broker's own. */
function protectedListeners(address, controller, { keystore, keystorePassword, ca, users }) {
  const [first] = users;
  const plain = "org.apache.kafka.common.security.plain.PlainLoginModule";
  const scram = "org.apache.kafka.common.security.scram.ScramLoginModule";
  const known = users.map(({ name, password }) => `user_${name}="${password}"`).join(" ");
  return `listeners=SASL_SSL://${address},${controller}
advertised.listeners=SASL_SSL://${address}
listener.security.protocol.map=SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=SASL_SSL
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config=${plain} required username="${first.name}" password="${first.password}" ${known};
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=${scram} required;
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=${scram} required;
ssl.keystore.type=PKCS12
ssl.keystore.location=${keystore}
ssl.keystore.password=${keystorePassword}
ssl.key.password=${keystorePassword}
ssl.truststore.type=PEM
ssl.truststore.location=${ca}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:${first.name};User:ANONYMOUS
`;
}

/** For the storage that is made: a user by both kinds of SCRAM. */
function scramOf({ name, password }) {
  return ["SCRAM-SHA-256", "SCRAM-SHA-512"].flatMap((kind) => [
    "--add-scram",
    `${kind}=[name=${name},password=${password}]`,
  ]);
}
