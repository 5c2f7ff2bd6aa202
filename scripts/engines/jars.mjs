/**
 * The engines' programs: Apache Kafka and Apache Cassandra as jars from Maven Central, fetched once by Maven into a
 * folder outside of the checkout and used again by every run. Only this file runs Maven.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

/** Each engine's version, and what Maven is asked for; it finds the rest. */
const ENGINES = {
  kafka: {
    version: "4.1.1",
    artifacts: ["org.apache.kafka:kafka_2.13:4.1.1", "org.slf4j:slf4j-simple:1.7.36"],
  },
  cassandra: { version: "5.0.6", artifacts: ["org.apache.cassandra:cassandra-all:5.0.6"] },
};

const COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/** What a whole folder of jars has beside them: each one's name, size and SHA-256. */
const MANIFEST = "manifest.json";

/** The Java to run: that of `JAVA_HOME`, otherwise the one on the path. */
export function javaCommand() {
  const home = process.env.JAVA_HOME ?? "";
  const java = join(home, "bin", "java");
  return home !== "" && existsSync(java) ? java : "java";
}

/** The folder for the jars: `VERBATIM_ENGINES_DIR`, otherwise one in the user's cache. */
function cacheFolder() {
  const named = process.env.VERBATIM_ENGINES_DIR ?? "";
  return named !== "" ? named : join(homedir(), ".cache", "verbatim-engines");
}

/**
 * What stands in the way of the engines on this machine, as one line that says how to get it; `undefined` where nothing
 * does. Maven counts only while jars are still to be fetched.
 */
export async function missingForEngines() {
  const missing = [];
  const { status, stderr } = spawnSync(javaCommand(), ["-version"], { encoding: "utf8" });
  const major = Number(/version "(\d+)/.exec(stderr ?? "")?.[1] ?? 0);
  if (status !== 0) missing.push("Java 17");
  else if (major < 17) missing.push(`Java 17 (found is ${major})`);
  const areFetched = (await Promise.all(Object.keys(ENGINES).map(wholeFolder))).every((folder) => folder !== undefined);
  if (!areFetched && spawnSync("mvn", ["--version"]).status !== 0) missing.push("Maven");
  if (missing.length === 0) return undefined;
  return `Kafka and Cassandra need ${missing.join(" and ")}: on Debian, apt-get install openjdk-17-jre-headless maven`;
}

/** The folder with an engine's jars (`kafka` or `cassandra`), fetched first where it is not there whole. */
export async function fetchJars(engine, signal = undefined) {
  return (await wholeFolder(engine)) ?? (await fetchInto(engine, folderOf(engine), signal));
}

/** Both, one after the other, for two Mavens at once do not share their own store well. */
export async function fetchAllJars(signal = undefined) {
  for (const engine of Object.keys(ENGINES)) await fetchJars(engine, signal);
}

function folderOf(engine) {
  return join(cacheFolder(), `${engine}-${ENGINES[engine].version}`);
}

/** The engine's folder if it has every jar of its manifest at its full size. */
async function wholeFolder(engine) {
  const folder = folderOf(engine);
  try {
    const { jars } = JSON.parse(await readFile(join(folder, MANIFEST), "utf8"));
    const sizes = await Promise.all(jars.map(async ({ name, size }) => (await stat(join(folder, name))).size === size));
    return jars.length > 0 && sizes.every(Boolean) ? folder : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error.code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Fetches beside the folder and renames at the end, so that a fetch that breaks off is never taken for whole, and two
 * that run at once do not meet. Maven holds every file against its checksum.
 */
async function fetchInto(engine, folder, signal) {
  await mkdir(cacheFolder(), { recursive: true });
  const fresh = await mkdtemp(`${folder}.part-`);
  const project = await mkdtemp(join(tmpdir(), "verbatim-engines-pom-"));
  try {
    await writeFile(join(project, "pom.xml"), pomOf(ENGINES[engine].artifacts));
    await runMaven(["-B", "-q", "-C", COPY, `-DoutputDirectory=${fresh}`, "-DincludeScope=runtime"], project, signal);
    const names = (await readdir(fresh)).filter((name) => name.endsWith(".jar")).sort();
    if (names.length === 0) throw new Error(`Maven fetched no jars for ${engine}`);
    const jars = await Promise.all(
      names.map(async (name) => {
        const bytes = await readFile(join(fresh, name));
        return { name, size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
      }),
    );
    await writeFile(join(fresh, MANIFEST), `${JSON.stringify({ jars }, undefined, 2)}\n`);
    // What stands there is not whole, or somebody else was faster; both may go.
    await rm(folder, { recursive: true, force: true });
    await rename(fresh, folder).catch(async (error) => {
      if ((await wholeFolder(engine)) === undefined) throw error;
    });
    return folder;
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await rm(project, { recursive: true, force: true });
  }
}

function pomOf(artifacts) {
  const dependencies = artifacts.map((artifact) => {
    const [group, name, version] = artifact.split(":");
    return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>verbatim</groupId><artifactId>engines</artifactId><version>1</version>
<dependencies>${dependencies.join("")}</dependencies></project>
`;
}

async function runMaven(args, cwd, signal) {
  const child = spawn("mvn", args, { cwd, signal, stdio: ["ignore", "pipe", "pipe"] });
  const said = [];
  child.stdout.on("data", (chunk) => said.push(chunk));
  child.stderr.on("data", (chunk) => said.push(chunk));
  const code = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code === 0) return;
  const why = Buffer.concat(said).toString().split("\n").slice(0, 5).join("\n");
  throw new Error(`Maven could not fetch the engines (is Maven Central within reach?):\n${why}`);
}
