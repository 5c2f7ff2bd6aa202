/** The embedded directory against the one in memory: whatever is asked of both in any order, both answer alike. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { openLmdbDirectory } from "../../../src/server/directory/lmdb.ts";
import { MemoryDirectory } from "../../../src/server/directory/memory.ts";
import { directoryStep, everythingIn } from "../../support/directory-steps.ts";

it("LMDB and memory answer alike, whatever is asked in whatever order, one by one or at once", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ together: fc.array(directoryStep, { minLength: 1, maxLength: 5 }), passes: fc.nat(8) }), {
        maxLength: 8,
      }),
      async (rounds) => {
        const parent = await mkdtemp(join(tmpdir(), "verbatim-directory-"));
        const open = () => openLmdbDirectory({ dir: join(parent, "directory"), readOnly: false });
        let lmdb = await open();
        const memory = new MemoryDirectory();
        try {
          let now = 0;
          for (const { together, passes } of rounds) {
            now += passes;
            const expected: unknown[] = [];
            for (const { run } of together) expected.push(await run(memory, now));
            expect(await Promise.all(together.map(({ run }) => run(lmdb, now)))).toEqual(expected);
            if (passes === 8) {
              await lmdb.close();
              lmdb = await open();
            }
            expect(await everythingIn(lmdb, now)).toEqual(await everythingIn(memory, now));
          }
          // At an hour when all would still be there that was not forgotten.
          expect(await everythingIn(lmdb, 0)).toEqual(await everythingIn(memory, 0));
        } finally {
          await lmdb.close();
          await rm(parent, { recursive: true });
        }
      },
    ),
    { numRuns: 100 },
  );
});
