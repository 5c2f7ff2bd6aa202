/** The pictures of the panels: what is drawn is where the figures are. */
import { describe, expect, it } from "vitest";
import { drawPanel, showValue } from "../../../scripts/panel-chart.mjs";

const FROM = 1_000;

/** The ends of each line, as `x y` pairs. */
function lines(svg: string): readonly (readonly [number, number][])[] {
  const paths = [...svg.matchAll(/<path d="([^"]+)" fill="none"/g)].map(([, path = ""]) => path);
  return paths.map((path) =>
    [...path.matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map(([, x, y]): [number, number] => [Number(x), Number(y)]),
  );
}

describe("a panel's picture", () => {
  it("draws each series to scale: later is to the right, more is higher, and half is half way", () => {
    const series = [
      { label: "rising", points: [[FROM, 0] as const, [FROM + 5, 50] as const, [FROM + 10, 100] as const] },
      { label: "still", points: [[FROM, 50] as const, [FROM + 5, 50] as const, [FROM + 10, 50] as const] },
    ];
    const svg = drawPanel({ title: "Throughput", unit: "short", series, from: FROM, to: FROM + 10, step: 5 });
    const [rising = [], still = []] = lines(svg);
    expect(rising.map(([x]) => x)).toEqual(still.map(([x]) => x));
    const [first, middle, last] = rising.map(([, y]) => y);
    expect(middle).toBeCloseTo(((first ?? 0) + (last ?? 0)) / 2, 0);
    expect(first).toBeGreaterThan(last ?? 0);
    expect(still.map(([, y]) => y)).toEqual([middle, middle, middle]);
    for (const words of ["Throughput", "rising", "still", ">100<", ">0<"]) expect(svg).toContain(words);
  });

  it("leaves a gap where there are no figures", () => {
    const points = [FROM, FROM + 1, FROM + 8, FROM + 9].map((time): [number, number] => [time, 1]);
    const svg = drawPanel({
      title: "Gap",
      unit: "s",
      series: [{ label: "a & <b>", points }],
      from: FROM,
      to: FROM + 10,
      step: 1,
    });
    const [path = ""] = /<path d="[^"]+" fill="none"/.exec(svg) ?? [];
    expect(path.match(/M/g)).toHaveLength(2);
    expect(svg).toContain("a &amp; &lt;b&gt;");
  });

  it("draws nothing of no figures, and says units as people read them", () => {
    expect(lines(drawPanel({ title: "Idle", unit: "short", series: [], from: 0, to: 10, step: 1 }))).toEqual([]);
    expect([0, 0.00025, 0.0125, 2].map((value) => showValue(value, "s"))).toEqual(["0", "250 µs", "12.5 ms", "2 s"]);
    expect([12, 1_500, 2_000_000].map((value) => showValue(value, "short"))).toEqual(["12", "1.5k", "2M"]);
    expect(showValue(64 * 2 ** 20, "bytes")).toBe("64 MiB");
  });
});
