/** The SDK is small: what a browser loads of it, compressed, has a limit. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { PROJECT_ROOT } from "../../support/project-files.ts";

const COMPRESSED_BYTES_MAX = 8 * 1024;

describe("the SDK", () => {
  it(`has at most ${COMPRESSED_BYTES_MAX} bytes, bundled and compressed`, { timeout: 180_000 }, async () => {
    const { build } = await import("vite");
    const built = await build({
      ...{ root: `${PROJECT_ROOT}src/sdk`, configFile: false, publicDir: false, logLevel: "error" },
      build: {
        write: false,
        target: "es2022",
        modulePreload: false,
        rolldownOptions: { input: `${PROJECT_ROOT}src/sdk/index.ts`, preserveEntrySignatures: "strict" },
      },
    });
    if (!("output" in built)) throw new Error("the build goes on and on");
    const chunks = built.output.flatMap((file) => (file.type === "chunk" ? [file] : []));
    expect(chunks.map(({ exports }) => exports.toSorted())).toEqual([
      ["ApiError", "ChatClient", "ChatError", "HttpApi", "webSocketTransport"],
    ]);
    // Nothing is left to be loaded beside it.
    expect(chunks.flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports])).toEqual([]);
    const bytes = gzipSync(chunks[0]?.code ?? "", { level: 9 }).length;
    expect(bytes).toBeGreaterThan(1000);
    expect(bytes).toBeLessThanOrEqual(COMPRESSED_BYTES_MAX);
  });
});
