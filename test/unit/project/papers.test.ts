/**
 * What the papers say about the code is so: links lead somewhere, settings and folders are those that exist, and the
 * picture of a message's way is the same wherever it stands.
 */
import { existsSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { listSettings } from "../../../src/server/config/settings.ts";
import { PROJECT_ROOT, projectFiles, readProjectFile } from "../../support/project-files.ts";

const papers = projectFiles().filter((path) => path.endsWith(".md"));

describe("the papers", () => {
  it("are all there", () => {
    const wanted = ["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "README.md", "SECURITY.md", "SPEC.md"];
    expect(papers.filter((path) => !path.includes("/"))).toEqual(wanted);
    expect(existsSync(`${PROJECT_ROOT}LICENSE`)).toBe(true);
  });

  it("link to what exists", () => {
    const dead = papers.flatMap((paper) => {
      const targets = [...readProjectFile(paper).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(
        ([, target = ""]) => target,
      );
      const files = targets.filter((target) => !/^[a-z]+:/.test(target));
      return files
        .filter((target) => !existsSync(PROJECT_ROOT + normalize(join(dirname(paper), target))))
        .map((target) => `${paper}: ${target}`);
    });
    expect(dead).toEqual([]);
  });

  it("show the same picture of a message's way", () => {
    const picture = (path: string): string | undefined =>
      [...readProjectFile(path).matchAll(/^```\w*\n([\s\S]*?)^```$/gm)]
        .map(([, text]) => text)
        .find((text) => text?.includes("bytes in"));
    expect(picture("README.md")).toBeDefined();
    expect(picture("ARCHITECTURE.md")).toBe(picture("README.md"));
  });
});

describe("README.md", () => {
  it("lists the settings that have a flag, with their variables and defaults", () => {
    const rows = [...readProjectFile("README.md").matchAll(/^\| `--([a-z-]+)[^`]*` \| `(VERBATIM_\w+)` \|/gm)];
    const listed = rows.map(([, flag, variable]) => `${flag} ${variable}`);
    const settings = listSettings().filter(({ flag }) => flag !== undefined);
    const real = settings.map(({ flag, env }) => `${flag} ${env}`);
    expect(listed.sort()).toEqual([...real, "config VERBATIM_CONFIG"].sort());
  });
});

describe("CONTRIBUTING.md", () => {
  it("names the folders that there are", () => {
    const tree = /^```\nsrc\/\n([\s\S]*?)^```$/m.exec(readProjectFile("CONTRIBUTING.md"))?.[1] ?? "";
    const parents = ["src"];
    const folders: string[] = [];
    for (const line of tree.split("\n")) {
      const [, indent = "", name = ""] = /^( *)([\w-]+)\//.exec(line) ?? [];
      if (name === "") continue;
      parents.length = indent.length / 2;
      parents.push(name);
      folders.push(parents.join("/"));
    }
    expect(folders.length).toBeGreaterThan(10);
    expect(
      folders.filter((path) => !existsSync(PROJECT_ROOT + path) || !statSync(PROJECT_ROOT + path).isDirectory()),
    ).toEqual([]);
    const sources = projectFiles().filter((path) => /^src\/.*\//.test(path));
    const unnamed = [...new Set(sources.map((path) => dirname(path)))].filter((folder) => !folders.includes(folder));
    expect(unnamed).toEqual([]);
  });
});
