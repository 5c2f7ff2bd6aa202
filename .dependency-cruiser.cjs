/**
 * The import rule: who may see whom. The folder list is the way of a message (ARCHITECTURE.md); these rules keep it
 * so. Gateways see commands and sessions, never log, store or projector; commands and projector see ports, never
 * adapters; an adapter alone imports its driver; clients see the protocol, never the server.
 */

/**
 * The ports, and what stands beside them that is no adapter: the codec of records, which log and store share, and the rows
 * in which the tail hands them to a store.
 */
const PORTS = [
  "^src/server/log/(message-log|record-codec|uuid-bytes)\\.ts$",
  "^src/server/store/(message-store|packed-rows|block-buffers)\\.ts$",
  "^src/server/directory/directory\\.ts$",
  "^src/server/signals/signals\\.ts$",
];

/** The folders in which adapters stand beside their port. */
const ADAPTER_FOLDERS = "^src/server/(log|store|directory|signals)/";

/** What opens a data folder without a server: the commands of an operator. */
const OPERATOR = "^src/cli/";

/** One rule that gives a package to a few files. */
const driver = (name, packages, owners) => ({
  name: `driver-${name}`,
  comment: `Only ${owners} may import ${name}: whoever else needs it asks that file.`,
  severity: "error",
  from: { path: "^src/", pathNot: owners },
  to: { path: `^node_modules/(${packages})(/|$)` },
});

module.exports = {
  forbidden: [
    {
      name: "no-circular",
      comment: "Two files that run each other are one file. Types may know each other.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "not-to-unresolvable",
      comment: "An import that leads nowhere.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "no-undeclared-package",
      comment:
        "What the program imports stands under `dependencies`, or an installed package would not start. The web client is bundled.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/web/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown", "unknown", "undetermined"] },
    },
    {
      name: "protocol-imports-nothing",
      comment: "The protocol runs anywhere: it imports nothing outside its folder, not even node:.",
      severity: "error",
      from: { path: "^src/protocol/" },
      to: { pathNot: "^src/protocol/" },
    },
    {
      name: "clients-never-import-the-server",
      comment: "sdk, tui, web and bench speak to a server over the wire, like anybody else.",
      severity: "error",
      from: { path: "^src/(sdk|tui|web|bench)/" },
      to: { path: "^src/(server|cli)/" },
    },
    {
      name: "server-never-imports-clients",
      comment: "The server knows the protocol; who speaks it is not its business.",
      severity: "error",
      from: { path: "^src/server/" },
      to: { path: "^src/(sdk|tui|web|bench|cli)/|^src/bin\\.ts$" },
    },
    {
      name: "gateways-see-commands-only",
      comment: "A gateway turns bytes into commands and events into bytes. Log, store and projector are behind those.",
      severity: "error",
      from: { path: "^src/server/gateways/" },
      to: { path: "^src/server/(log|store|projector|directory|signals)/" },
    },
    {
      name: "commands-never-see-gateways",
      comment: "A command is the same whatever door it came in by.",
      severity: "error",
      from: { path: "^src/server/(commands|projector|fanout|log|store|directory|signals|telemetry|config)/" },
      to: { path: "^src/server/gateways/" },
    },
    {
      name: "ports-only",
      comment: "Commands, projector, fan-out and sessions see ports, never adapters; compose/ alone names those.",
      severity: "error",
      from: { path: "^src/", pathNot: ["^src/server/compose/", OPERATOR, ADAPTER_FOLDERS] },
      to: { path: ADAPTER_FOLDERS, pathNot: PORTS },
    },
    {
      name: "adapters-stay-apart",
      comment: "An adapter sees its own folder and the ports, never another port's adapter.",
      severity: "error",
      from: { path: "^src/server/(log|store|directory|signals)/" },
      to: { path: ADAPTER_FOLDERS, pathNot: ["^src/server/$1/", ...PORTS] },
    },
    {
      name: "storage-knows-no-stage",
      comment: "What keeps records knows nothing of those who write and read them.",
      severity: "error",
      from: { path: ADAPTER_FOLDERS },
      to: { path: "^src/server/(commands|projector|fanout|auth|telemetry|config)/" },
    },
    {
      name: "telemetry-knows-no-stage",
      comment: "What counts and logs is told what happened; it asks nobody.",
      severity: "error",
      from: { path: "^src/server/telemetry/" },
      to: { path: "^src/server/(commands|projector|fanout|auth|log|store|directory|signals)/", pathNot: PORTS },
    },
    {
      name: "sockets-in-gateways-only",
      comment: "Only a gateway opens a port. The configuration asks net what an address looks like.",
      severity: "error",
      from: { path: "^src/server/", pathNot: "^src/server/(gateways|config)/" },
      to: { path: "^(node:)?(net|http|https|http2|dgram|tls)$" },
    },
    {
      name: "nobody-imports-the-program",
      comment: "bin.ts is where it begins; nothing hangs on it.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^src/bin\\.ts$|^(test|scripts)/" },
    },
    {
      name: "lmdb-behind-adapters",
      comment: "The environment is the driver's wrapper: only the adapters of store and directory see it.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/server/((store|directory)/lmdb[^/]*\\.ts$|lmdb/)" },
      to: { path: "^src/server/lmdb/(environment|view)\\.ts$" },
    },
    {
      name: "cql-behind-adapters",
      comment:
        "The session is the driver's wrapper: the adapters of store and directory see it, and who hands it to them.",
      severity: "error",
      from: {
        path: "^src/",
        pathNot: ["^src/server/(cql/|(store|directory)/cql[^/]*\\.ts$|compose/)", OPERATOR],
      },
      to: { path: "^src/server/cql/" },
    },
    driver("traces", "@opentelemetry/[^/]+", "^src/server/telemetry/trace-export\\.ts$"),
    driver("CQL", "cassandra-driver", "^src/(server/cql|bench/plain)/"),
    driver("lmdb", "lmdb", "^src/server/lmdb/"),
    driver("crc32", "@node-rs/crc32", "^src/server/(log|store|projector|kafka|lmdb)/"),
    driver("Kafka", "@platformatic/kafka", "^src/(server/kafka|bench/plain)/"),
    {
      name: "kafka-behind-adapters",
      comment:
        "The connections to brokers are the driver's wrapper: only the adapters of log and signals see them, and what opens those.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/server/(kafka/|(log|signals)/kafka[^/]*\\.ts$|compose/)" },
      to: { path: "^src/server/kafka/" },
    },
    driver("file locks", "fs-native-extensions", "^src/server/data-folder/data-folder\\.ts$"),
    driver("fastify", "fastify", "^src/server/gateways/(http|pages|web)/"),
    driver("WebSocket frames", "ws", "^src/(server/gateways/websocket-(reader|receiver\\.d)\\.ts|bench/plain/)"),
    driver("password hashes", "@node-rs/argon2", "^src/server/auth/passwords\\.ts$"),
    driver("signed tokens", "jose", "^src/server/auth/jwt(-keys)?\\.ts$"),
    driver("metrics and logs", "prom-client|pino|pino-pretty", "^src/server/telemetry/"),
    driver("schemas and YAML", "zod|yaml", "^src/server/(config/|gateways/http/|rooms-file\\.ts$)"),
    driver("the command line", "commander", "^src/(cli|bench)/|^src/bin\\.ts$|^src/server/config/"),
    driver("the terminal client", "ink|react|string-width", "^src/tui/"),
    driver("histograms", "hdr-histogram-js", "^src/bench/"),
  ],
  options: {
    doNotFollow: { path: ["node_modules"] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
    },
    skipAnalysisNotInRules: true,
  },
};
