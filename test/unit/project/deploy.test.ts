/**
 * What an operator gets, looked at without a container engine: the compose file, the image's recipe, and what they give
 * to the proxy and to Prometheus. Flags and variables are held against the settings that there are, and the nodes'
 * configuration is made from them as the program would.
 */
import { describe, expect, it } from "vitest";
import { networkTest } from "../../../src/server/config/addresses.ts";
import type { Config } from "../../../src/server/config/config.ts";
import { makeConfig } from "../../../src/server/config/make-config.ts";
import { listSettings } from "../../../src/server/config/settings.ts";
import { type Composition, readComposition, type Service } from "../../support/composition.ts";
import { isInstalled, runProgram } from "../../support/programs.ts";
import { PROJECT_ROOT, projectFiles, readProjectFile } from "../../support/project-files.ts";

const WITHIN_MS = 20_000;
const NODES = ["verbatim-1", "verbatim-2"];

const dockerfile = readProjectFile("Dockerfile");
const composition: Composition = readComposition(readProjectFile("compose.yaml"));
const services = Object.entries(composition.services);

/** The service of that name. */
function service(name: string): Service {
  const found = composition.services[name];
  if (found === undefined) throw new Error(`compose.yaml has no service ${name}`);
  return found;
}

/** The configuration that a `verbatim serve` makes of what a service gives it. */
function configOf({ command, environment = {} }: Pick<Service, "command" | "environment">): Config {
  const [verb, ...args] = Array.isArray(command) ? command : [];
  expect(verb).toBe("serve");
  const flags = new Map(
    args.map((arg): [string, string | true] => {
      const [, flag = "", value] = /^--([a-z-]+)(?:=(.*))?$/.exec(arg) ?? [];
      return [flag, value ?? true];
    }),
  );
  const env = new Map(Object.entries({ ...imageEnvironment(), ...environment }));
  const sources = { flags, env, file: undefined, folder: "/app", shippedRooms: "/app/resources/rooms.json" };
  return makeConfig(sources).config;
}

/** The settings that the image brings along. */
function imageEnvironment(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...dockerfile.matchAll(/\b(VERBATIM_\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
  );
}

describe("compose.yaml", () => {
  it("is taken by docker-compose", async ({ skip }) => {
    if (!isInstalled("docker-compose")) skip("docker-compose is not installed");
    const options = { cwd: PROJECT_ROOT, env: {}, withinMs: WITHIN_MS };
    expect(await runProgram("docker-compose", ["--file", "compose.yaml", "config", "--quiet"], options)).toBe("");
  });

  it("publishes every port on this machine alone", () => {
    const ports = services.flatMap(([, { ports = [] }]) => ports);
    expect(ports.length).toBeGreaterThan(3);
    expect(ports.filter((port) => !/^127\.0\.0\.1:\d+:\d+$/.test(port))).toEqual([]);
    expect(services.filter(([, { network_mode }]) => network_mode !== undefined)).toEqual([]);
  });

  it("pins every image to one version", () => {
    const images = services.map(([, { image }]) => image);
    expect(images.filter((image) => !/:v?\d+\.\d+\.\d+(-[a-z]+)?$/.test(image))).toEqual([]);
    const { version } = JSON.parse(readProjectFile("package.json")) as { version: string };
    expect(images.filter((image) => image.startsWith("verbatim:"))).toEqual(Array(3).fill(`verbatim:${version}`));
  });

  it("has Redpanda and ScyllaDB flush before they answer", () => {
    const broker = JSON.stringify([service("redpanda").entrypoint, service("redpanda").command]);
    expect(broker).not.toContain("dev-container");
    expect(broker).not.toContain("--mode");
    expect(broker).toMatch(/config set redpanda\.developer_mode false;.*--unsafe-bypass-fsync=false/);
    expect(readProjectFile("deploy/redpanda/bootstrap.yaml")).toMatch(/^write_caching_default: false$/m);
    expect(service("redpanda").volumes).toContain("./deploy/redpanda/bootstrap.yaml:/etc/redpanda/.bootstrap.yaml:ro");
    expect(service("scylla").command).toContain("--commitlog-sync batch");
  });

  it("starts each service when those that it needs are healthy, and nodes after the migration", () => {
    const isChecked = ({ healthcheck, build }: Service): boolean =>
      healthcheck === undefined ? build !== undefined : healthcheck.test !== undefined;
    for (const [name, { depends_on = {} }] of services) {
      for (const [needed, { condition }] of Object.entries(depends_on)) {
        const once = needed === "migrate";
        expect(condition, `${name} → ${needed}`).toBe(once ? "service_completed_successfully" : "service_healthy");
        expect(once || isChecked(service(needed)), `${needed} has a health check`).toBe(true);
      }
    }
    expect(Object.keys(service("migrate").depends_on ?? {})).toEqual(["redpanda", "scylla"]);
    for (const node of NODES) expect(Object.keys(service(node).depends_on ?? {})).toContain("migrate");
    expect(Object.keys(service("haproxy").depends_on ?? {})).toEqual(NODES);
  });

  it("mounts files and volumes that there are", () => {
    const files = projectFiles();
    const mounts = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(":")[0] ?? ""));
    for (const mount of mounts) {
      const path = /^\.\/(.*)$/.exec(mount)?.[1];
      if (path === undefined) expect(Object.keys(composition.volumes)).toContain(mount);
      else
        expect(
          files.some((file) => file === path || file.startsWith(`${path}/`)),
          path,
        ).toBe(true);
    }
  });

  it("gives its nodes settings that there are, and that go together", () => {
    const variables = new Set(listSettings().map(({ env }) => env));
    for (const name of ["migrate", ...NODES]) {
      const named = Object.keys(service(name).environment ?? {});
      expect(named.filter((variable) => !variables.has(variable))).toEqual([]);
      expect(service(name).environment).toEqual(service("migrate").environment);
    }
    expect(service("migrate").command).toEqual(["migrate"]);
    for (const name of NODES) {
      const config = configOf(service(name));
      expect(config.cluster).toMatchObject({
        kafka: { addresses: [{ host: "redpanda", port: 9092 }], replication: 1 },
        cql: { addresses: [{ host: "scylla", port: 9042 }] },
        migrates: false,
      });
      expect(config.auth.mode).toBe("open");
      expect(Object.keys(composition.services)).toContain(new URL(config.traces?.url ?? "").hostname);
      // Prometheus names a node by its target, and the address of `--ops` answers nobody who calls it otherwise.
      expect(config.ops).toEqual({ host: name, port: 9000 });
      expect(service(name).hostname).toBe(name);
      expect(service(name).ports).toBeUndefined();
    }
  });

  it("trusts HAProxy alone, at an address that nobody else gets", () => {
    const [network] = composition.networks["verbatim"]?.ipam?.config ?? [];
    const { networks = [] } = service("haproxy");
    const address = "verbatim" in networks ? networks["verbatim"]?.ipv4_address : undefined;
    expect(address).toBeDefined();
    const { trustProxy, proxyProtocol } = configOf(service("verbatim-1"));
    expect(networkTest(trustProxy)(address ?? "")).toBe(true);
    expect(trustProxy).toEqual([`${address}/32`]);
    expect(proxyProtocol).toBe(true);
    expect(networkTest([network?.subnet ?? ""])(address ?? "")).toBe(true);
    expect(networkTest([network?.ip_range ?? ""])(address ?? "")).toBe(false);
  });
});

describe("docs/cluster.md", () => {
  const paper = readProjectFile("docs/cluster.md");

  it("names every service and where it is published", () => {
    for (const [name, { ports = [] }] of services) {
      expect(paper, name).toContain(`\`${name}\``);
      for (const port of ports) expect(paper, `${name}: ${port}`).toContain(`localhost:${port.split(":")[1]}`);
    }
  });

  it("says of each line that is marked in compose.yaml what to do", () => {
    const marks = new Set(readProjectFile("compose.yaml").match(/\(\d\)/g));
    expect([...marks].sort()).toEqual(["(1)", "(2)", "(3)", "(4)", "(5)"]);
    const [, section = ""] = paper.split("### Before anybody else may reach it");
    for (const mark of marks) expect(section).toMatch(new RegExp(`^${mark.slice(1, -1)}\\. `, "m"));
  });

  it("names the image as it is built", () => {
    const { version } = JSON.parse(readProjectFile("package.json")) as { version: string };
    const named = [paper, readProjectFile("README.md")].flatMap((text) => text.match(/\bverbatim:\d[\d.]*\d/g) ?? []);
    expect(new Set(named)).toEqual(new Set([`verbatim:${version}`]));
  });
});

describe("what is mounted", () => {
  it("is taken by HAProxy", async ({ skip }) => {
    if (!isInstalled("haproxy")) skip("haproxy is not installed");
    const options = { cwd: PROJECT_ROOT, env: {}, withinMs: WITHIN_MS };
    const said = await runProgram("haproxy", ["-c", "-f", "deploy/haproxy/haproxy.cfg"], options);
    expect(said).toContain("Configuration file is valid");
    // The names of containers are unknown here; every other warning is a mistake.
    const warnings = said.split("\n").filter((line) => line.startsWith("[WARNING]"));
    expect(warnings.filter((line) => !/could not resolve address 'verbatim-\d'/.test(line))).toEqual([]);
  });

  it("asks HAProxy to look whether a node lives, not whether its database does", () => {
    const config = readProjectFile("deploy/haproxy/haproxy.cfg");
    expect(config.match(/^\s*http-check send .* uri (\S+)/gm)).toHaveLength(2);
    expect(config).not.toMatch(/^[^#]*readyz/m);
  });

  it("is taken by Prometheus, and scrapes the nodes where they publish", async ({ skip }) => {
    const path = "deploy/prometheus/prometheus.yml";
    for (const node of NODES) expect(readProjectFile(path)).toContain(`"${node}:9000"`);
    if (!isInstalled("promtool")) skip("promtool is not installed: it comes with prometheus");
    const options = { cwd: PROJECT_ROOT, env: {}, withinMs: WITHIN_MS };
    expect(await runProgram("promtool", ["check", "config", path], options)).toContain("SUCCESS");
  });
});

describe("Dockerfile", () => {
  it("pins its base, installs without scripts, ships no tools, and runs as somebody ordinary", () => {
    expect(dockerfile).toMatch(/^ARG NODE_IMAGE=node:\d+\.\d+\.\d+-/m);
    const froms = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
    expect(new Set(froms)).toEqual(new Set([`\${NODE_IMAGE}`]));
    const installs = dockerfile.match(/^RUN npm .*$/gm) ?? [];
    expect(installs.filter((line) => !/npm ci .*--ignore-scripts/.test(line))).toEqual([]);
    expect(installs.filter((line) => line.includes("--omit=dev"))).toHaveLength(1);
    const shipped = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "));
    expect(shipped).toContain("COPY --from=packages /build/node_modules");
    expect(shipped).toMatch(/^USER node$/m);
    expect(shipped).toMatch(/^HEALTHCHECK [\s\S]*\/healthz/m);
    expect(shipped).toMatch(/^VOLUME \/data$/m);
  });

  it("serves on all addresses of the container, and so refuses until somebody has chosen who may be who", () => {
    const variables = new Set(listSettings().map(({ env }) => env));
    expect(Object.keys(imageEnvironment()).filter((name) => !variables.has(name))).toEqual([]);
    expect(() => configOf({ command: ["serve"], environment: {} })).toThrow(/--auth password or --auth jwt/);
    const config = configOf({ command: ["serve", "--auth=password"], environment: {} });
    expect(config).toMatchObject({ data: "/data", tcp: { host: "0.0.0.0" }, http: { host: "0.0.0.0" } });
  });

  it("copies what .dockerignore lets through", () => {
    const lines = readProjectFile(".dockerignore").split("\n");
    expect(lines.filter((line) => line !== "" && !line.startsWith("#"))[0]).toBe("*");
    const passed = lines.flatMap((line) => (line.startsWith("!") ? [line.slice(1)] : []));
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = ""]) =>
      sources.split(" "),
    );
    expect([...new Set(copied)].sort()).toEqual([...passed].sort());
    const files = projectFiles();
    for (const path of passed)
      expect(
        files.some((file) => file === path || file.startsWith(`${path}/`)),
        path,
      ).toBe(true);
  });
});
