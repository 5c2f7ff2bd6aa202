/**
 * One Apache Cassandra node, without a container.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { cassandraAnswers } from "./answers.mjs";
import { Engine, engineFolder, freePorts, QUICK_COMPILER } from "./engine.mjs";
import { fetchJars } from "./jars.mjs";
import { startOrRemove } from "./kafka.mjs";

/** What Cassandra reaches into on Java 17 (its own `jvm17-server.options`). */
const EXPORTS = [
  "java.base/jdk.internal.misc",
  "java.base/java.lang.ref",
  "java.management.rmi/com.sun.jmx.remote.internal.rmi",
  "java.rmi/sun.rmi.registry",
  "java.rmi/sun.rmi.server",
  "java.rmi/sun.rmi.transport.tcp",
  "java.sql/java.sql",
  "jdk.unsupported/sun.misc",
  "jdk.attach/sun.tools.attach",
  "jdk.compiler/com.sun.tools.javac.file",
];
const OPENS = [
  "java.base/java.lang",
  "java.base/java.lang.module",
  "java.base/java.lang.reflect",
  "java.base/java.io",
  "java.base/java.nio",
  "java.base/java.util",
  "java.base/java.util.concurrent",
  "java.base/java.util.concurrent.atomic",
  "java.base/sun.nio.ch",
  "java.base/jdk.internal.loader",
  "java.base/jdk.internal.ref",
  "java.base/jdk.internal.reflect",
  "java.base/jdk.internal.math",
  "java.base/jdk.internal.module",
  "java.base/jdk.internal.util.jar",
  "jdk.management/com.sun.management.internal",
  "java.rmi/sun.rmi.transport.tcp",
];

const LOGBACK = `<configuration>
<appender name="STDOUT" class="ch.qos.logback.core.ConsoleAppender">
<encoder><pattern>%-5level %date{ISO8601} %msg%n</pattern></encoder>
</appender>
<root level="WARN"><appender-ref ref="STDOUT"/></root>
</configuration>
`;

/** The one that a new database with passwords knows. */
export const FIRST_USER = { user: "cassandra", password: "cassandra" };

/**
 * Starts a node on a free port of loopback and resolves when it answers. All of it may be given: `port`, `dir` (one that an
 * earlier node used is used again with its data; it is not removed), `heapMiB`, `isBrief`: whether it lives for minutes, as
 * for a test; a `signal` that calls it off,
 * `protection`: what it shows where it speaks TLS alone and asks for passwords, `commitLog`: whether a write is on the
 * disk before it is confirmed (`batch`) or within ten seconds (`periodic`, which Cassandra does unless told, and which a kill
 * forgets), and `isPatient`: whether a write may take nearly as long as those who ask wait, instead of two seconds, after
 * which nobody knows what became of it: for a machine that stands still.
 */
export async function startCassandra({
  port = undefined,
  dir = undefined,
  heapMiB = 1024,
  isBrief = true,
  signal = undefined,
  protection = undefined,
  commitLog = "batch",
  isPatient = false,
} = {}) {
  const jars = join(await fetchJars("cassandra", signal), "*");
  const folder = await engineFolder("cassandra", dir);
  const [freePort, storagePort, managementPort] = await freePorts(3);
  const cqlPort = port ?? freePort;
  const settings = join(folder.dir, "cassandra.yaml");
  const logging = join(folder.dir, "logback.xml");
  const doors = protection === undefined ? "" : protectionOf(protection);
  const plain = settingsOf({ port: cqlPort, storagePort, dir: folder.dir, commitLog, isPatient });
  await writeFile(settings, `${plain}${doors}`, { mode: 0o600 });
  await writeFile(logging, LOGBACK);
  const engine = new Engine(
    {
      name: "Cassandra",
      port: cqlPort,
      dir: folder.dir,
      args: [
        `-Xms${heapMiB}m`,
        `-Xmx${heapMiB}m`,
        "-XX:+UseG1GC",
        ...(isBrief ? QUICK_COMPILER : []),
        ...EXPORTS.flatMap((name) => ["--add-exports", `${name}=ALL-UNNAMED`]),
        ...OPENS.flatMap((name) => ["--add-opens", `${name}=ALL-UNNAMED`]),
        "-Djava.security.manager=allow",
        `-Dcassandra.config=${pathToFileURL(settings).href}`,
        `-Dlogback.configurationFile=${logging}`,
        `-Dcassandra.storagedir=${folder.dir}`,
        `-Dcassandra.jmx.local.port=${managementPort}`,
        "-Dcassandra-foreground=yes",
        "-Dcassandra.skip_wait_for_gossip_to_settle=0",
        "-Dcassandra.ring_delay_ms=1",
        "-Djdk.attach.allowAttachSelf=true",
        // Ten seconds unless told, for clusters whose nodes find each other first.
        "-Dcassandra.superuser_setup_delay_ms=0",
        "-cp",
        jars,
        "org.apache.cassandra.service.CassandraDaemon",
      ],
      answers: await answersOf(protection),
    },
    folder.isOwn,
  );
  return await startOrRemove(engine, signal);
}

/** How it is asked whether it serves. */
async function answersOf(protection) {
  if (protection === undefined) return cassandraAnswers;
  const login = { ca: await readFile(protection.ca, "utf8"), ...FIRST_USER };
  return (port) => cassandraAnswers(port, login);
}

/** Passwords and rights are looked up anew each second: a test changes them and goes on. */
function protectionOf({ keystore, keystorePassword }) {
  return `authenticator: PasswordAuthenticator
authorizer: CassandraAuthorizer
role_manager: CassandraRoleManager
roles_validity: 1000ms
permissions_validity: 1000ms
credentials_validity: 1000ms
client_encryption_options:
  enabled: true
  optional: false
  keystore: "${keystore}"
  keystore_password: "${keystorePassword}"
  store_type: PKCS12
  require_client_auth: false
`;
}

function settingsOf({ port, storagePort, dir, commitLog, isPatient }) {
  return `cluster_name: verbatim
num_tokens: 1
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: SimpleSnitch
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: "127.0.0.1:${storagePort}"
listen_address: 127.0.0.1
rpc_address: 127.0.0.1
native_transport_port: ${port}
storage_port: ${storagePort}
data_file_directories: ["${dir}/data"]
commitlog_directory: "${dir}/commitlog"
saved_caches_directory: "${dir}/saved_caches"
hints_directory: "${dir}/hints"
cdc_raw_directory: "${dir}/cdc_raw"
${commitLog === "batch" ? "commitlog_sync: batch" : "commitlog_sync: periodic\ncommitlog_sync_period: 10000ms"}
${isPatient ? "write_request_timeout: 8s\ncas_contention_timeout: 8s\n" : ""}auto_bootstrap: false
auto_snapshot: false
memtable_heap_space: 256MiB
memtable_offheap_space: 128MiB
`;
}
