/**
 * Nodes on a broker and a database that speak TLS alone and know who talks to them, as docs/cluster.md says how: papers,
 * rights and configuration are those of the paper. What does not fit is told in one line that names the setting, and no
 * line shows a password. Needs `dist/` and `openssl`, and starts engines of its own.
 */
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { makeCertificate } from "../support/certificate.ts";
import { engines } from "../support/engines.ts";
import { ProtectedEngines } from "../support/engines-protected.ts";
import { HttpPerson } from "../support/http-people.ts";
import { type FinishedRun, runVerbatim, type SpawnedServer, startServer } from "../support/spawned-server.ts";
import { until } from "../support/until.ts";

const SECOND = 1000;
const START_WITHIN_MS = 60 * SECOND;
/** For how long a node that is refused waits for its engines, both of them together: the database comes first. */
const WAIT_SECONDS = 10;
const DOORS = ["--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--log-format", "json"];

let own: ProtectedEngines;
const nodes = new Set<SpawnedServer>();

beforeAll(async () => {
  own = await ProtectedEngines.start();
}, 240 * SECOND);

afterEach(async () => {
  for (const node of nodes) await node.kill("SIGKILL");
  nodes.clear();
});

afterAll(async () => {
  await own?.remove();
});

/** Holds that no line shows what nobody may read. */
function expectNoSecret(...said: readonly string[]): void {
  for (const secret of [...own.secrets, "wrong-one"]) for (const text of said) expect(text).not.toContain(secret);
}

const dataDir = (): string => join(own.folder, "data");

/** A node with the configuration of the paper, and more. */
async function start(more: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<SpawnedServer> {
  const args = ["--config", own.config, ...more];
  const node = await startServer({ dataDir: dataDir(), args, env, withinMs: START_WITHIN_MS });
  nodes.add(node);
  return node;
}

/** Ends a node in order, and looks at everything that it said. */
async function stop(node: SpawnedServer): Promise<void> {
  expect(await node.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  nodes.delete(node);
  expectNoSecret(node.stdout(), node.stderr());
  expect(node.logLines().filter(({ level }) => level === "error" || level === "warn")).toEqual([]);
}

async function verbatim(command: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<FinishedRun> {
  const done = await runVerbatim([...command, "--config", own.config], env, START_WITHIN_MS);
  expectNoSecret(done.stdout, done.stderr);
  return done;
}

/** What a node says that must not come up: its last line, and all others. */
async function refusal(more: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<FinishedRun> {
  const wait = ["--engine-wait-seconds", String(WAIT_SECONDS)];
  const done = await verbatim(["serve", "--data", dataDir(), ...DOORS, ...wait, ...more], env);
  expect(done.code, done.stdout + done.stderr).toBe(1);
  expect(done.stderr).toMatch(/^verbatim: [^\n]+\n$/);
  expect(done.stdout).not.toContain("listening");
  return done;
}

describe("engines that ask for TLS and a password", () => {
  it("carry a chat over two nodes, with the papers, rights and settings of the paper, and keep it", {
    timeout: 180 * SECOND,
  }, async () => {
    const migrated = await verbatim(["migrate", "--engine-wait-seconds", "120"]);
    expect(migrated.code, migrated.stderr).toBe(0);
    await own.cqlAsAdmin(...own.grants);
    const one = await start();
    // The other one says all of it in another way, and may only serve.
    const other = await start(["--no-migrate", "--kafka-mechanism", "PLAIN"], {
      VERBATIM_KAFKA_USER: "verbatim_node",
      VERBATIM_KAFKA_PASSWORD_FILE: join(own.folder, "node-password"),
      VERBATIM_CQL_USER: "verbatim_node",
      VERBATIM_CQL_PASSWORD_FILE: join(own.folder, "node-password"),
    });
    const alice = await HttpPerson.open(one.httpPort ?? 0, "alice");
    const bob = await HttpPerson.open(other.httpPort ?? 0, "bob");
    const chat = await alice.chat("tea", bob);
    const [there, here] = [alice.at(other.httpPort ?? 0), bob.at(one.httpPort ?? 0)];
    await alice.post(chat, "posted on one");
    await bob.post(chat, "posted on the other");
    for (const reader of [alice, bob, there, here]) {
      await until(
        10 * SECOND,
        () => "both messages to be read on both nodes",
        async () => (await reader.messages(chat)).length === 2 || undefined,
      );
    }
    const said = (await alice.messages(chat)).map(({ content, seq }) => [content, seq]);
    expect(said.map(([content]) => content).sort()).toEqual(["posted on one", "posted on the other"]);
    for (const node of [one, other]) await stop(node);

    const again = await start(["--no-migrate", "--kafka-mechanism", "SCRAM-SHA-256"]);
    const read = await bob.at(again.httpPort ?? 0).messages(chat);
    expect(read.map(({ content, seq }) => [content, seq])).toEqual(said);
    await stop(again);
    // What stands in the database, with nobody there who could remember it.
    const rows = await own.cqlAsAdmin("SELECT seq FROM verbatim.messages LIMIT 10");
    expect(rows.length).toBeGreaterThanOrEqual(2);
    // Commands of an operator go the same way.
    const listed = await verbatim(["user", "list"]);
    expect([listed.code, listed.stdout.includes("alice")], listed.stderr).toEqual([0, true]);
  });

  const WRONG = { kafka: "Kafka at", cql: "the database at" } as const;
  for (const [name, who] of Object.entries(WRONG) as ["kafka" | "cql", string][]) {
    it(`STOP-1 ${name}: what does not fit is told at once, by the name of its setting`, {
      timeout: 120 * SECOND,
    }, async () => {
      const port = own[name].port;
      const at = `${who} localhost:${port}: `;
      const wrong = await own.file("wrong-password", "wrong-one\n");
      const unknown = await own.file("unknown-ca.pem", makeCertificate("somebody").cert);
      const plain = engines()[name];
      const password = `it does not take user verbatim with this password; look at --${name}-user`;
      const nobody = `it does not take user nobody with this password; look at --${name}-user`;
      const signed = "its certificate is signed by nobody whom this node trusts";
      const cases: readonly (readonly [says: string, more: readonly string[]])[] = [
        [`${at}${password}`, [`--${name}-password-file`, wrong]],
        [`${at}${nobody}`, [`--${name}-user`, "nobody"]],
        [`${at}${signed}`, [`--${name}-ca`, unknown]],
        [`${at}${signed}`, [`--${name}-ca`, "off"]],
        [
          `${who} 127.0.0.2:${port}: its certificate is for somebody else`,
          [`--${name}`, await own.elsewhere(own[name])],
        ],
        ...(name === "kafka"
          ? [[`${at}${password}`, ["--kafka-mechanism", "PLAIN", "--kafka-password-file", wrong]] as const]
          : [[`${who} ${plain}: it speaks no TLS on this port; drop --cql-tls`, ["--cql", plain]] as const]),
      ];
      for (const [says, more] of cases) {
        const { stdout, stderr } = await refusal(more);
        expect(stderr).toContain(`verbatim: ${says}`);
        expect(stderr).toContain(`--${name}`);
        // Nobody waited for what waiting does not help.
        expect(stdout).not.toContain(`waiting for ${who}`);
      }
    });

    it(`STOP-1 ${name}: one that only hangs up is waited for, with what may be wrong`, {
      timeout: 60 * SECOND,
    }, async () => {
      const env = { [`VERBATIM_${name.toUpperCase()}_TLS`]: "false", [`VERBATIM_${name.toUpperCase()}_CA`]: "off" };
      const { stderr, stdout } = await refusal([], env);
      expect(stderr).toContain(
        `verbatim: ${who} localhost:${own[name].port} did not answer within ${WAIT_SECONDS} s (`,
      );
      expect(stderr).toContain(`; if it asks for TLS on this port, add --${name}-tls)`);
      expect(stdout).toContain(`waiting for ${who}`);
    });
  }

  it("STOP-1 kafka: a port without TLS, one without a password where one is asked for, and a topic that one may not see", {
    timeout: 120 * SECOND,
  }, async () => {
    const plain = await refusal(["--kafka", engines().kafka]);
    expect(plain.stderr).toContain("; if it speaks no TLS on this port, drop --kafka-tls)");
    const nobody = {
      VERBATIM_KAFKA_USER: "off",
      VERBATIM_KAFKA_PASSWORD_FILE: "off",
      VERBATIM_KAFKA_MECHANISM: "PLAIN",
    };
    expect((await refusal([], nobody)).stderr).toContain("; if it asks for a password, set --kafka-user)");
    expect((await refusal(["--signals-topic", "hidden"])).stderr).toContain(
      ": verbatim may not Describe the topic hidden: give it this right in the brokers' access lists",
    );
    const cql = { VERBATIM_CQL_USER: "off", VERBATIM_CQL_PASSWORD_FILE: "off" };
    expect((await refusal([], cql)).stderr).toContain(
      ": it asks for a user and a password; set --cql-user NAME and --cql-password-file FILE",
    );
  });
});
