/** Messages that lose their text on the way to the store: what counts as a removal, and what is kept in mind of it. */
import { describe, expect, it } from "vitest";
import { LaterRemovals, removalOf, UnwrittenRemovals } from "../../../src/server/projector/removals.ts";
import type { StoredRecord } from "../../../src/server/record.ts";
import { message, uuidOf } from "../../support/log-records.ts";

const ROOM = uuidOf(1);

/** Seq 10 of the room, which says that another one is removed. */
const saying = (body: string, kind = "message_removed"): StoredRecord => ({
  record: message(9, { room: ROOM, kind, body }),
  ...{ seq: 10, n: 5, position: 77 },
});

describe("a removal", () => {
  it("PROJ-5 takes away what stands before it in its room, and nothing else", () => {
    expect(removalOf(saying('{"id":"x","seq":9}'))).toEqual({ room: ROOM, seq: 9, position: 77 });
    expect(removalOf(saying('{"seq":1}'))).toEqual({ room: ROOM, seq: 1, position: 77 });
    for (const seq of ["10", "11", "0", "-1", "1.5", '"9"', "null", "1e300"]) {
      expect(removalOf(saying(`{"id":"x","seq":${seq}}`)), seq).toBeUndefined();
    }
    for (const body of ["", "null", "[]", "9", '"text"', "{", "{}"]) expect(removalOf(saying(body))).toBeUndefined();
    expect(removalOf(saying('{"seq":9}', "message"))).toBeUndefined();
  });

  it("CMD-2 is kept in mind until the store has it", () => {
    const removing = new UnwrittenRemovals();
    for (let seq = 1; seq <= 4; seq++) removing.add({ room: ROOM, seq, position: 100 + seq });
    removing.add({ room: uuidOf(2), seq: 9, position: 110 });
    expect(removing.of(ROOM)).toEqual(new Set([1, 2, 3, 4]));
    expect(removing.of(uuidOf(3))).toEqual(new Set());
    removing.written(103);
    expect(removing.of(ROOM)).toEqual(new Set([3, 4]));
    removing.written(105);
    expect([removing.of(ROOM), removing.of(uuidOf(2))]).toEqual([new Set(), new Set([9])]);
    removing.written(111);
    expect(removing.of(uuidOf(2))).toEqual(new Set());
  });

  it("CMD-2 is not forgotten where there are too many: then nobody reads until the store has them", () => {
    const removing = new UnwrittenRemovals();
    const last = 100_000;
    for (let position = 0; position <= last; position++) removing.add({ room: ROOM, seq: position + 1, position });
    expect(removing.of(ROOM)).toBeUndefined();
    expect(removing.of(uuidOf(2))).toBeUndefined();
    removing.written(last - 1);
    expect(removing.of(ROOM)).toBeUndefined();
    removing.written(last);
    expect(removing.of(ROOM)).toEqual(new Set([last + 1]));
    removing.written(last + 1);
    expect(removing.of(ROOM)).toEqual(new Set());
  });

  it("PROJ-3 is found by the rows that it will take the text of", () => {
    const later = new LaterRemovals();
    later.add([{ room: ROOM, seq: 3, position: 10 }]);
    later.add([
      { room: ROOM, seq: 3, position: 11 },
      { room: uuidOf(2), seq: 4, position: 12 },
    ]);
    const rows = [1, 2, 3, 4].map((seq) => ({ record: message(seq, { room: ROOM }), seq, n: seq, position: seq }));
    expect(later.among(rows)).toEqual([{ room: ROOM, seq: 3, position: 11 }]);
    expect(later.among([])).toEqual([]);
  });
});
