/** Tests of how far one has read, where the directory answers late. */
import { describe, expect, it } from "vitest";
import { ReadMarkers } from "../../../src/server/commands/read-markers.ts";
import { MemoryDirectory } from "../../../src/server/directory/memory.ts";
import { Rosters } from "../../../src/server/projector/roster.ts";
import type { StoredRecord } from "../../../src/server/record.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { message, uuidOf } from "../../support/log-records.ts";

const ANN = uuidOf(1);
const CHAT = uuidOf(2);

/** A directory whose answer about markers is on its way until it is let go. */
class SlowDirectory extends MemoryDirectory {
  readonly #held: (() => void)[] = [];

  override async markers(user: string) {
    const answer = await super.markers(user);
    await new Promise<void>((resolve) => this.#held.push(resolve));
    return answer;
  }

  letGo(): void {
    for (const go of this.#held.splice(0)) go();
  }
}

const stored = (kind: StoredRecord["record"]["kind"], seq: number, body: unknown): StoredRecord => ({
  record: { ...message(seq), kind, room: CHAT, sender: ANN, body: JSON.stringify(body) },
  seq,
  n: seq - 1,
  position: seq,
});

describe("how far one has read", () => {
  it("is one's own last post, also where that is written while the directory is asked", async () => {
    const rosters = new Rosters();
    rosters.apply(stored("room_created", 1, { name: "tea", direct: false, owner: ANN, members: [ANN] }));
    const directory = new SlowDirectory();
    const markers = new ReadMarkers({ directory, rosters, clock: new FakeClock(0), isWriter: () => true });
    markers.delivered({ records: [stored("message", 2, "hi")] });
    const asked = markers.of(ANN);
    // Everything that a memory answers at once has been answered.
    await new Promise((resolve) => setImmediate(resolve));
    await markers.flush();
    directory.letGo();
    expect((await asked).get(CHAT)).toMatchObject({ seq: 2, n: 1 });
  });
});
