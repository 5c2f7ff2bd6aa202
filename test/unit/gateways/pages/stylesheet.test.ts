/** The stylesheet: every pair of colours that is used can be read (WCAG AA), light and dark. */
import { describe, expect, it } from "vitest";
import { ICON, STYLESHEET } from "../../../../src/server/gateways/pages/stylesheet.ts";

/** The colours of one scheme. */
function palette(block: string | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...(block ?? "").matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map(([, name, hex]) => [name, hex]),
  );
}

const [, light, dark] = STYLESHEET.split(":root {");
const schemes = [
  ["light", palette(light)],
  ["dark", palette(dark)],
] as const;

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

describe.each(schemes)("the %s colours", (_name, colours) => {
  const of = (name: string): string => colours[name] ?? "#000000";

  it("are all there", () => {
    const names = "page card text quiet line edge link fill on-fill danger mark own".split(" ");
    expect(Object.keys(colours).sort()).toEqual(names.sort());
  });

  it.each([
    ...["page", "card", "own", "mark"].map((ground) => ["text", ground] as const),
    ...["page", "card", "own"].map((ground) => ["quiet", ground] as const),
    ...["page", "card", "own"].map((ground) => ["link", ground] as const),
    ...["card", "own"].map((ground) => ["danger", ground] as const),
    ["on-fill", "fill"] as const,
  ])("let %s be read on %s", (text, ground) => {
    expect(contrast(of(text), of(ground))).toBeGreaterThanOrEqual(4.5);
  });

  it.each([
    ["edge", "page"],
    ["edge", "card"],
    ["link", "card"],
    ["danger", "mark"],
    ["fill", "card"],
  ])("let the edge %s be seen on %s", (edge, ground) => {
    expect(contrast(of(edge), of(ground))).toBeGreaterThanOrEqual(3);
  });
});

describe("the stylesheet", () => {
  it("takes nothing from elsewhere, uses only colours that it names, and is small", () => {
    expect(STYLESHEET).not.toMatch(/url\(|@import/);
    const used = [...STYLESHEET.matchAll(/var\(--([a-z-]+)\)/g)].map(([, name]) => name ?? "");
    expect(used.filter((name) => !(name in schemes[0][1]))).toEqual([]);
    expect(Buffer.byteLength(STYLESHEET)).toBeLessThan(16 * 1024);
  });

  it("has an icon without a script", () => {
    expect(ICON).toMatch(/^<svg [^>]*><rect [^>]*\/><path [^>]*\/><\/svg>\n$/);
  });
});
