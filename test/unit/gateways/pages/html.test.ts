/** The template that escapes: any text is inert in it, and the templates put text only where that holds. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { html } from "../../../../src/server/gateways/pages/html.ts";
import { projectFiles, readProjectFile } from "../../../support/project-files.ts";

/** Reads text as an HTML parser does, as far as our entities go. */
function decode(markup: string): string {
  const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", "#13": "\r" };
  return markup.replace(/&([^;]+);/g, (whole, name: string) => entities[name] ?? whole);
}

const hostile = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.string({ unit: fc.constantFrom(..."<>&\"'=/`;#!- \n\r\0ascriptonerx".split("")), maxLength: 60 }),
);

describe("html", () => {
  it("makes any text inert, and keeps what it says", () => {
    fc.assert(
      fc.property(hostile, hostile, (first, second) => {
        const { markup } = html`<p title="${first}">${second}</p>`;
        const match = /^<p title="([^"]*)">([^<>]*)<\/p>$/.exec(markup);
        expect(match).not.toBeNull();
        expect(decode(match?.[1] ?? "")).toBe(first.replaceAll("\0", "\uFFFD"));
        expect(decode(match?.[2] ?? "")).toBe(second.replaceAll("\0", "\uFFFD"));
      }),
      { numRuns: 2000 },
    );
  });

  it("puts markup, lists and numbers in as they are, and nothing for what is left out", () => {
    const list = ["<a>", "b"].map((word) => html`<li>${word}</li>`);
    expect(html`<ul>${list}</ul>${3}${undefined}${false}${["x", ["<"]]}`.markup).toBe(
      "<ul><li>&lt;a&gt;</li><li>b</li></ul>3x&lt;",
    );
  });

  it("does not escape twice", () => {
    expect(html`${html`<b>${"&"}</b>`}`.markup).toBe("<b>&amp;</b>");
  });
});

describe("the templates of the pages", () => {
  const sources = projectFiles().filter((path) => path.startsWith("src/server/gateways/pages/"));
  /** Tags of templates, up to their end; an expression may stand in them. */
  const tags = sources.flatMap((path) => [
    ...readProjectFile(path).matchAll(/<[a-z!](?:[^<>"$]|"[^"]*"|\$\{[^{}]*\})*/g),
  ]);

  it("quote every attribute that holds a value", () => {
    expect(tags.length).toBeGreaterThan(100);
    const unquoted = sources.filter((path) => /<[a-z][^<>"`]*=\$\{/.test(readProjectFile(path)));
    expect(unquoted).toEqual([]);
  });

  it("have no script but the file of the client, no style and no handler in them, and make markup in one place only", () => {
    const text = sources
      .map(readProjectFile)
      .join("\n")
      .replace(/<script type="module" src="\$\{web\.entry\}"><\/script>/, "")
      .replace(/\/\*[\s\S]*?\*\//g, "");
    expect(text).not.toMatch(/<script|<style|javascript:|\son[a-z]+="|\sstyle="|srcdoc/i);
    expect(sources.filter((path) => readProjectFile(path).includes("new Html("))).toEqual([
      "src/server/gateways/pages/html.ts",
    ]);
  });

  it("begin every address with a path of this server", () => {
    const addresses = tags.flatMap(([tag]) => [...tag.matchAll(/(?:href|src|action)="([^"]*)"/g)].map(([, to]) => to));
    expect(addresses.length).toBeGreaterThan(20);
    const allowed =
      /^(?:\/(?!\/)|#|\$\{(?:place\.path|latestPath\(|chatPath\(|roomPath\(|[A-Z]+_ASSET\.path|homePath|webPath|web\.entry)|$)/;
    expect(addresses.filter((address) => !allowed.test(address ?? ""))).toEqual([]);
  });
});
