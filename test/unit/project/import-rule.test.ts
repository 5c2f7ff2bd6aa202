/**
 * The import rule bites: for each rule of .dependency-cruiser.cjs there is one small tree that breaks it, and the rule
 * says so. That the project itself breaks none is a step of the gate.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PROJECT_ROOT } from "../../support/project-files.ts";

const CONFIG = `${PROJECT_ROOT}.dependency-cruiser.cjs`;

/** What the tree has beside the files that break a rule: something to import. */
const GOOD: Record<string, string> = {
  "src/protocol/events.ts": "export const event = 1;",
  "src/bin.ts": 'import "./server/compose/compose.ts";',
  "src/sdk/client.ts": 'import "../protocol/events.ts";',
  "src/cli/serve.ts": 'import "../server/server.ts"; import "commander";',
  "src/server/server.ts": 'import "./compose/compose.ts";',
  "src/server/compose/compose.ts":
    'import "../log/memory.ts"; import "../store/lmdb.ts"; import "../gateways/http/server.ts";',
  "src/server/log/message-log.ts": "export type MessageLog = object;",
  "src/server/log/memory.ts": 'import type { MessageLog } from "./message-log.ts"; export const log: MessageLog = {};',
  "src/server/lmdb/environment.ts": 'import "lmdb";',
  "src/server/store/lmdb.ts":
    'import "../lmdb/environment.ts"; import "@node-rs/crc32"; import "../log/record-codec.ts";',
  "src/server/log/record-codec.ts": "export const codec = 1;",
  "src/server/cql/session.ts": 'import "cassandra-driver";',
  "src/server/kafka/connection.ts": 'import "@platformatic/kafka"; import "@node-rs/crc32";',
  "src/server/log/kafka.ts": 'import "../kafka/connection.ts";',
  "src/server/gateways/http/server.ts": 'import "fastify"; import "node:http"; import "../../commands/join-room.ts";',
  "src/server/commands/join-room.ts": 'import "../log/message-log.ts";',
};

/** Rule → a file that breaks it. */
const BROKEN: Record<string, readonly [path: string, text: string]> = {
  "no-circular": ["src/sdk/a.ts", 'import "./b.ts";'],
  "not-to-unresolvable": ["src/server/b.ts", 'import "./nowhere.ts";'],
  "no-undeclared-package": ["src/server/c.ts", 'import "undeclared";'],
  "protocol-imports-nothing": ["src/protocol/d.ts", 'import "node:buffer";'],
  "clients-never-import-the-server": ["src/bench/e.ts", 'import "../server/server.ts";'],
  "server-never-imports-clients": ["src/server/f.ts", 'import "../sdk/client.ts";'],
  "gateways-see-commands-only": ["src/server/gateways/g.ts", 'import "../log/message-log.ts";'],
  "commands-never-see-gateways": ["src/server/commands/h.ts", 'import "../gateways/http/server.ts";'],
  "ports-only": ["src/server/commands/i.ts", 'import "../log/memory.ts";'],
  "adapters-stay-apart": ["src/server/store/j.ts", 'import "../log/memory.ts";'],
  "storage-knows-no-stage": ["src/server/log/k.ts", 'import "../commands/join-room.ts";'],
  "telemetry-knows-no-stage": ["src/server/telemetry/l.ts", 'import "../commands/join-room.ts";'],
  "sockets-in-gateways-only": ["src/server/commands/m.ts", 'import "node:net";'],
  "nobody-imports-the-program": ["src/cli/n.ts", 'import "../bin.ts";'],
  "lmdb-behind-adapters": ["src/server/commands/o.ts", 'import "../lmdb/environment.ts";'],
  "driver-CQL": ["src/server/store/cql-too.ts", 'import type { Client } from "cassandra-driver";'],
  "cql-behind-adapters": ["src/server/projector/z.ts", 'import "../cql/session.ts";'],
  "driver-traces": ["src/server/telemetry/traces-too.ts", 'import "@opentelemetry/api";'],
  "driver-Kafka": ["src/server/log/kafka-too.ts", 'import type { Base } from "@platformatic/kafka";'],
  "kafka-behind-adapters": ["src/server/projector/y.ts", 'import "../kafka/connection.ts";'],
  "driver-lmdb": ["src/server/compose/too.ts", 'export const open = () => import("lmdb");'],
  "driver-crc32": ["src/server/fanout/p.ts", 'import "@node-rs/crc32";'],
  "driver-file locks": ["src/server/log/q.ts", 'import "fs-native-extensions";'],
  "driver-fastify": ["src/server/gateways/tcp.ts", 'import "fastify";'],
  "driver-password hashes": ["src/server/auth/w.ts", 'import "@node-rs/argon2";'],
  "driver-signed tokens": ["src/server/gateways/x.ts", 'import "jose";'],
  "driver-WebSocket frames": ["src/server/gateways/tcp-too.ts", 'import "ws";'],
  "driver-metrics and logs": ["src/server/projector/s.ts", 'import "prom-client";'],
  "driver-schemas and YAML": ["src/server/commands/t.ts", 'import "zod";'],
  "driver-the command line": ["src/server/u.ts", 'import "commander";'],
  "driver-the terminal client": ["src/cli/tui.ts", 'import "ink";'],
  "driver-histograms": ["src/server/telemetry/v.ts", 'import "hdr-histogram-js";'],
};

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

describe("the import rule", () => {
  // The real path: on macOS the folder for temporary files is a link, and the rules speak of paths.
  const tree = mkdtempSync(join(realpathSync(tmpdir()), "verbatim-import-rule-"));
  let violations: readonly Violation[] = [];

  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  };

  beforeAll(() => {
    const declared = ["lmdb", "@node-rs/crc32", "fs-native-extensions", "fastify", "prom-client", "zod", "commander"];
    const packages = [
      ...declared,
      "hdr-histogram-js",
      "@node-rs/argon2",
      "jose",
      "ws",
      "@platformatic/kafka",
      "cassandra-driver",
      "@opentelemetry/api",
      "ink",
      "undeclared",
    ];
    for (const name of packages) {
      write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: "1.0.0", main: "index.js" }));
      write(`node_modules/${name}/index.js`, "module.exports = {};");
    }
    const dependencies = Object.fromEntries(packages.slice(0, -1).map((name) => [name, "1.0.0"]));
    write("package.json", JSON.stringify({ name: "tree", version: "1.0.0", type: "module", dependencies }));
    cpSync(`${PROJECT_ROOT}tsconfig.json`, join(tree, "tsconfig.json"));
    for (const [path, text] of Object.entries(GOOD)) write(path, text);
    for (const [path, text] of Object.values(BROKEN)) write(path, text);
    write("src/sdk/b.ts", 'import "./a.ts";');

    const tool = realpathSync(`${PROJECT_ROOT}node_modules/.bin/depcruise`);
    const args = [tool, "src", "--config", CONFIG, "--output-type", "json"];
    const output = execFileSync(process.execPath, args, { cwd: tree, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
    violations = (JSON.parse(output) as { summary: { violations: Violation[] } }).summary.violations;
  }, 60_000);

  afterAll(() => rmSync(tree, { recursive: true, force: true }));

  it("has an example for every rule", () => {
    const { forbidden } = createRequire(import.meta.url)(CONFIG) as { forbidden: { name: string }[] };
    expect(Object.keys(BROKEN).sort()).toEqual(forbidden.map(({ name }) => name).sort());
  });

  it.each(Object.entries(BROKEN))("%s finds its example", (rule, [path]) => {
    expect(violations.filter(({ from }) => from === path).map((violation) => violation.rule.name)).toContain(rule);
  });

  it("lets the good files pass", () => {
    expect(violations.filter(({ from }) => from in GOOD)).toEqual([]);
  });
});
