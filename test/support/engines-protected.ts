/**
 * Test support, engines: a broker and a database that speak TLS alone and ask who is there, set up by the very lines that
 * docs/cluster.md has for operators: the papers, the rights, and the configuration of a node. Needs `openssl`.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { createServer, connect as open, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { FIRST_USER, startCassandra } from "../../scripts/engines/cassandra.mjs";
import type { Engine } from "../../scripts/engines/engine.mjs";
import { startKafka } from "../../scripts/engines/kafka.mjs";
import { loadDriver } from "../../src/server/cql/driver.ts";
import { loadKafka } from "../../src/server/kafka/library.ts";
import { sectionOf, shellBlocks } from "./papers.ts";
import { readProjectFile } from "./project-files.ts";

const run = promisify(execFile);

/** Operations that the paper names as the brokers' own tool does, as the library does. */
const OPERATIONS = {
  Create: "CREATE",
  Read: "READ",
  Write: "WRITE",
  Delete: "DELETE",
  DescribeConfigs: "DESCRIBE_CONFIGS",
} as const;

/**
 * Passwords that no line may show: of one who may do anything at the brokers, one who may make tables and topics, and one
 * who only serves. The first user of a database has one that everybody knows.
 */
const PASSWORDS = { admin: "of-the-admin", verbatim: "of-the-owner", verbatim_node: "of-the-node" } as const;

/** Both, and what a node is started with. */
export class ProtectedEngines {
  /** What must not stand in any line that a node says. */
  readonly secrets: readonly string[] = Object.values(PASSWORDS);
  readonly folder: string;
  readonly kafka: Engine;
  readonly cql: Engine;
  /** Who there is in the database; and rights that can be given once the keyspace is there. */
  readonly roles: readonly string[];
  readonly grants: readonly string[];
  readonly #doors: Server[] = [];
  readonly #sockets = new Set<Socket>();

  private constructor(
    folder: string,
    { kafka, cql }: { readonly kafka: Engine; readonly cql: Engine },
    statements: readonly string[],
  ) {
    this.folder = folder;
    this.kafka = kafka;
    this.cql = cql;
    const isForKeyspace = (statement: string): boolean => statement.includes(" ON KEYSPACE ");
    this.grants = statements.filter(isForKeyspace);
    this.roles = statements.filter((statement) => !isForKeyspace(statement)).map(withPassword);
  }

  /** Makes the papers, starts both, and gives the rights that the paper names. */
  static async start(): Promise<ProtectedEngines> {
    const folder = await realpath(await mkdtemp(join(tmpdir(), "verbatim-protected-")));
    const section = sectionOf(readProjectFile("docs/cluster.md"), "Engines that ask for TLS and a password");
    const [papers = "", lists = ""] = shellBlocks(section);
    const names = "subjectAltName=DNS:localhost,IP:127.0.0.1";
    await run("sh", ["-ec", papers.replace(/subjectAltName=[^"]+/, names)], { cwd: folder });
    const papersOf = {
      keystore: join(folder, "db-1.p12"),
      keystorePassword: "papers",
      ca: join(folder, "engines-ca.pem"),
    };
    const users = Object.entries(PASSWORDS).map(([name, password]) => ({ name, password }));
    const started = await Promise.allSettled([
      startKafka({ protection: { ...papersOf, users } }),
      startCassandra({ protection: papersOf }),
    ]);
    const [kafka, cql] = started.map((result) => (result.status === "fulfilled" ? result.value : undefined));
    const failed = started.find((result) => result.status === "rejected");
    if (kafka === undefined || cql === undefined) {
      await Promise.all([kafka?.remove(), cql?.remove()]);
      throw failed?.reason;
    }
    const statements = (/^```sql\n([\s\S]*?)^```$/m.exec(section)?.[1] ?? "")
      .split(/;\n/)
      .filter((each) => each !== "");
    const engines = new ProtectedEngines(folder, { kafka, cql }, statements);
    await engines.#writeConfig(/^```yaml\n([\s\S]*?)^```$/m.exec(section)?.[1] ?? "");
    await engines.#allow(lists);
    await engines.cqlAsAdmin(...engines.roles);
    return engines;
  }

  /** The file of the paper, with these engines in it. */
  get config(): string {
    return join(this.folder, "verbatim.yaml");
  }

  /** The same door of an engine at an address that its certificate does not hold; gives it. */
  async elsewhere(engine: Engine): Promise<string> {
    const server = createServer((client) => {
      const behind = open(engine.port, "127.0.0.1");
      for (const [socket, other] of [
        [client, behind],
        [behind, client],
      ] as const) {
        this.#sockets.add(socket);
        socket.on("error", () => undefined).on("close", () => other.destroy());
        socket.pipe(other);
      }
    });
    this.#doors.push(server);
    // The port is that of the engine, so that a driver that goes by it finds the same.
    await new Promise<void>((resolve) => server.listen(engine.port, "127.0.0.2", resolve));
    return `127.0.0.2:${engine.port}`;
  }

  /** A file with whatever text is to stand in it. */
  async file(name: string, text: string): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, text);
    return path;
  }

  /** Does something in the database as somebody who may; gives the rows of the last statement. */
  async cqlAsAdmin(...statements: readonly string[]): Promise<readonly unknown[]> {
    const driver = await loadDriver();
    const ca = await readFile(join(this.folder, "engines-ca.pem"), "utf8");
    const client = new driver.Client({
      contactPoints: [this.cql.address],
      localDataCenter: "datacenter1",
      credentials: { username: FIRST_USER.user, password: FIRST_USER.password },
      sslOptions: { ca, rejectUnauthorized: true },
    });
    try {
      await client.connect();
      let rows: readonly unknown[] = [];
      for (const statement of statements) rows = (await client.execute(statement)).rows ?? [];
      return rows;
    } finally {
      await client.shutdown();
    }
  }

  async remove(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const server of this.#doors) server.close();
    await Promise.all([this.kafka.remove(), this.cql.remove()]);
    await rm(this.folder, { recursive: true, force: true });
  }

  async #writeConfig(yaml: string): Promise<void> {
    const text = yaml
      .replace(/^kafka: .*$/m, `kafka: localhost:${this.kafka.port}`)
      .replace(/^cql: .*$/m, `cql: localhost:${this.cql.port}`);
    await writeFile(this.config, text);
    for (const name of ["kafka-password", "cql-password"]) await this.file(name, `${PASSWORDS.verbatim}\n`);
    await this.file("node-password", `${PASSWORDS.verbatim_node}\n`);
  }

  /** Does what the line for the brokers' own tool says, for both users; the one who only serves makes nothing. */
  async #allow(line: string): Promise<void> {
    const named = (flag: string): string[] =>
      [...line.matchAll(new RegExp(`--${flag} (\\S+)`, "g"))].map((at) => at[1] ?? "");
    const { AclOperations, AclPermissionTypes, Admin, ResourcePatternTypes, ResourceTypes } = await loadKafka();
    const admin = new Admin({
      clientId: "operator",
      bootstrapBrokers: [this.kafka.address],
      tls: { ca: await readFile(join(this.folder, "engines-ca.pem"), "utf8") },
      sasl: { mechanism: "PLAIN", username: "admin", password: PASSWORDS.admin },
    });
    try {
      const rights = ["verbatim", "verbatim_node"].flatMap((user) =>
        named("topic").flatMap((resourceName) =>
          named("operation")
            .filter((operation) => user === "verbatim" || operation !== "Create")
            .map((operation) => ({
              resourceType: ResourceTypes.TOPIC,
              resourcePatternType: ResourcePatternTypes.LITERAL,
              permissionType: AclPermissionTypes.ALLOW,
              operation: AclOperations[OPERATIONS[operation as keyof typeof OPERATIONS]],
              principal: `User:${user}`,
              host: "*",
              resourceName,
            })),
        ),
      );
      await admin.createAcls({ creations: rights });
    } finally {
      await admin.close();
    }
  }
}

/** A role with the password that it has here. */
function withPassword(statement: string): string {
  const name = /^CREATE ROLE (\w+)/.exec(statement)?.[1];
  const password = Object.entries(PASSWORDS).find(([user]) => user === name)?.[1];
  return password === undefined ? statement : statement.replace("its password", password);
}
