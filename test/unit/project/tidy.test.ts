/**
 * The habits of the code, held by a test: a first comment in every file, small files, one way in for the environment,
 * for time and for chance, and nothing in the tree that only exists on somebody's machine.
 */
import { describe, expect, it } from "vitest";
import { projectFiles, readProjectFile } from "../../support/project-files.ts";

const LINES_MAX = 400;
const LINES_USUAL = 250;

const files = projectFiles();
const isCode = (path: string): boolean => /\.(tsx?|mjs|cjs)$/.test(path) && !path.startsWith("test/fixtures/");
const code = files.filter(isCode);
const sources = code.filter((path) => path.startsWith("src/"));

const lineCount = (path: string): number => readProjectFile(path).trimEnd().split("\n").length;

/** The text without its comments, for rules about what the code does. Good enough for code that biome has formatted. */
function withoutComments(path: string): string {
  return readProjectFile(path)
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/(^|\s)\/\/.*$/gm, "$1");
}

/** The files of `paths` in whose code a pattern occurs, each with the first place. */
function occurrences(paths: readonly string[], pattern: RegExp): readonly string[] {
  return paths.flatMap((path) => {
    const found = pattern.exec(withoutComments(path));
    return found === null ? [] : [`${path}: ${found[0]}`];
  });
}

describe("every file", () => {
  it("opens with a comment that says what it is", () => {
    const bare = code.filter((path) => !/^(#!.*\n)?(\/\*\*|\/\/)/.test(readProjectFile(path)));
    expect(bare).toEqual([]);
  });

  it(`has at most ${LINES_MAX} lines, and nine in ten sources at most ${LINES_USUAL}`, () => {
    expect(code.filter((path) => lineCount(path) > LINES_MAX)).toEqual([]);
    const long = sources.filter((path) => lineCount(path) > LINES_USUAL);
    expect(long.length / sources.length, long.join(", ")).toBeLessThanOrEqual(0.1);
  });

  it("names no path, host or folder of somebody's machine", () => {
    // In pieces, so that this file does not find itself.
    const foreign = [
      ["/wo", "rk/"],
      ["/ro", "ot/"],
      ["/ho", "me/"],
      ["../sha", "red"],
      ["sha", "red/"],
      ["://regis", "try"],
    ];
    const pattern = new RegExp(foreign.map((parts) => parts.join("").replaceAll(".", "\\.")).join("|"));
    const found = files
      .filter((path) => !path.startsWith("test/fixtures/"))
      .flatMap((path) => {
        const match = pattern.exec(readProjectFile(path));
        return match === null ? [] : [`${path}: ${match[0]}`];
      });
    expect(found).toEqual([]);
  });
});

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

describe("the lock file", () => {
  const lock = JSON.parse(readProjectFile("package-lock.json")) as { packages: Record<string, LockedPackage> };
  const packages = Object.entries(lock.packages).filter(([path]) => path !== "");

  it("says what is installed, by version and checksum, and not from where", () => {
    expect(packages.length).toBeGreaterThan(0);
    expect(packages.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
    expect(packages.filter(([, { version }]) => version === undefined)).toEqual([]);
    // A registry that lacks a package for another platform gives no checksum of it; Linux, where servers run, has all.
    const foreign = ({ optional, os }: LockedPackage): boolean => optional === true && os !== undefined;
    const unchecked = packages.filter(([, entry]) => entry.integrity === undefined && !foreign(entry));
    expect(unchecked).toEqual([]);
  });

  it("has the packages of all platforms, without which `npm ci` refuses", () => {
    const missing = packages.flatMap(([, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !packages.some(([path]) => path.endsWith(`node_modules/${name}`)),
      ),
    );
    expect(missing).toEqual([]);
  });
});

describe("package.json", () => {
  it("pins every dependency to one version", () => {
    const { dependencies, devDependencies } = JSON.parse(readProjectFile("package.json")) as Record<
      "dependencies" | "devDependencies",
      Record<string, string>
    >;
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
    );
    expect(loose).toEqual([]);
  });
});

describe("the sources", () => {
  it("read the environment in config/ only", () => {
    const others = sources.filter((path) => !path.startsWith("src/server/config/"));
    expect(occurrences(others, /\bprocess\.env\b|\benv\s*}\s*=\s*process\b/)).toEqual([]);
  });

  it("take time and chance from clock.ts only, in the server", () => {
    const server = sources.filter((path) => path.startsWith("src/server/") && path !== "src/server/clock.ts");
    const pattern =
      /\b(Date\.now|new Date\(\)|(?<!socket\.)setTimeout|setInterval|setImmediate|performance\.now|process\.hrtime|Math\.random|randomUUID|randomBytes|randomFill(Sync)?|getRandomValues)\b/;
    expect(occurrences(server, pattern)).toEqual([]);
  });

  it("have no optional fields where a value that may be absent says so", () => {
    const server = sources.filter((path) => path.startsWith("src/server/"));
    expect(occurrences(server, /^\s+readonly \w+\?:.*$/m)).toEqual([]);
  });

  it("avoid names that say nothing", () => {
    // The SDK's is the one list of public names.
    const own = sources.filter((path) => path !== "src/sdk/index.ts");
    expect(own.filter((path) => /(^|\/)(utils?|helpers?|misc|common|index)\.tsx?$/.test(path))).toEqual([]);
    expect(occurrences(sources, /\b(class|interface|type) (\w+(Manager|Impl|Helper|Util)\b|I[A-Z][a-z]\w*)/)).toEqual(
      [],
    );
  });
});

describe("the tests", () => {
  it("mock no module: files share processes, and where another has loaded it before, the mock stands for nothing", () => {
    const tests = code.filter((path) => path.startsWith("test/"));
    expect(occurrences(tests, /\bvi\.(do)?mock\(/i)).toEqual([]);
  });
});
