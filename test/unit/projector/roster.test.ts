/** Tests of the rosters: who is in which chat, as the log says. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Rosters } from "../../../src/server/projector/roster.ts";
import type { StoredRecord, Uuid } from "../../../src/server/record.ts";
import { message, uuidOf } from "../../support/log-records.ts";

const CHAT = uuidOf(100);
const PEOPLE = [uuidOf(1), uuidOf(2), uuidOf(3), uuidOf(4)] as const;
const [ANN, BOB, EVE, DAN] = PEOPLE;

/** What may stand in a log: what happens to a chat, and what nobody of us would write. */
const anyBody = fc.oneof(
  fc.record({ kind: fc.constantFrom("member_added", "member_removed"), id: fc.constantFrom(...PEOPLE) }),
  fc.record({
    kind: fc.constant("room_created"),
    owner: fc.constantFrom(...PEOPLE),
    members: fc.subarray([...PEOPLE]),
  }),
  fc.record({ kind: fc.constantFrom("message", "message_removed") }),
  fc.record({
    kind: fc.constantFrom("room_created", "member_added", "member_removed"),
    body: fc.constantFrom("[]", "1", "null", "{}", '{"id":7}', '{"name":"x","members":"y"}', "not json"),
  }),
);

const anyHistory = fc.array(anyBody, { maxLength: 30 }).map((bodies): StoredRecord[] => {
  let n = 0;
  return bodies.map((body, index) => {
    if (body.kind === "message") n += 1;
    const text = "body" in body ? body.body : JSON.stringify({ name: "team", direct: false, ...body });
    return { record: message(index, { room: CHAT, kind: body.kind, body: text }), seq: index + 1, n, position: index };
  });
});

/** The same, reckoned plainly. */
function truth(history: readonly StoredRecord[]): { members: Uuid[]; owner: Uuid | undefined } | undefined {
  let chat: { members: Uuid[]; owner: Uuid | undefined } | undefined;
  for (const { record } of history) {
    let said: { id?: unknown; owner?: Uuid; members?: unknown };
    try {
      said = JSON.parse(record.body) ?? {};
    } catch {
      continue;
    }
    if (record.kind === "room_created" && chat === undefined && Array.isArray(said.members)) {
      const members = said.members as Uuid[];
      chat = { members, owner: members.includes(said.owner ?? "") ? said.owner : members[0] };
    } else if (chat !== undefined && record.kind === "member_added" && typeof said.id === "string") {
      if (!chat.members.includes(said.id)) chat.members.push(said.id);
      chat.owner ??= said.id;
    } else if (chat !== undefined && record.kind === "member_removed") {
      chat.members = chat.members.filter((id) => id !== said.id);
      if (chat.owner === said.id) chat.owner = chat.members[0];
    }
  }
  return chat;
}

const shown = (rosters: Rosters) => {
  const roster = rosters.of(CHAT);
  return roster === undefined ? undefined : { members: [...roster.members.keys()], owner: roster.owner };
};

describe("the rosters", () => {
  it("PROJ-6 say who is in a chat as a plain reckoning does, and who is in which", () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const rosters = new Rosters();
        for (const stored of history) rosters.apply(stored);
        expect(shown(rosters)).toEqual(truth(history));
        for (const user of PEOPLE) {
          const isIn = shown(rosters)?.members.includes(user) === true;
          expect([...rosters.ofUser(user)].map(({ id }) => id)).toEqual(isIn ? [CHAT] : []);
        }
      }),
    );
  });

  it("PROJ-6 go on from any snapshot, and change nothing where a record is folded again", () => {
    fc.assert(
      fc.property(anyHistory, fc.nat(), fc.nat(), (history, number, again) => {
        const whole = new Rosters();
        for (const stored of history) whole.apply(stored);
        const cut = number % (history.length + 1);
        let rosters = new Rosters();
        for (const stored of history.slice(0, cut)) rosters.apply(stored);
        rosters = Rosters.fromJson(rosters.toJson());
        for (const stored of history.slice(Math.max(0, cut - (again % 5)))) rosters.apply(stored);
        expect(shown(rosters)).toEqual(shown(whole));
        for (const stored of history) expect(rosters.apply(stored)?.type).toBe(undefined);
      }),
    );
  });

  it("PROJ-6 let the member follow who is there longest when an owner leaves, and tell what changed", () => {
    const rosters = new Rosters();
    let seq = 0;
    const happen = (kind: string, said: object) => {
      seq += 1;
      const record = message(seq, { room: CHAT, kind, body: JSON.stringify(said) });
      return rosters.apply({ record, seq, n: 5, position: seq })?.type;
    };
    expect(happen("member_added", { id: BOB, name: "bob" })).toBe(undefined);
    expect(happen("room_created", { name: "team", direct: false, owner: BOB, members: [ANN, BOB, EVE] })).toBe(
      "created",
    );
    expect(happen("room_created", { name: "other", direct: false, owner: ANN, members: [ANN] })).toBe(undefined);
    expect(rosters.of(CHAT)).toMatchObject({ name: "team", owner: BOB });
    expect(happen("member_added", { id: ANN, name: "ann" })).toBe(undefined);
    expect(happen("member_added", { id: DAN, name: "dan" })).toBe("added");
    expect(happen("member_removed", { id: BOB, name: "bob" })).toBe("removed");
    expect(happen("member_removed", { id: BOB, name: "bob" })).toBe(undefined);
    expect(rosters.of(CHAT)?.owner).toBe(ANN);
    for (const id of [ANN, EVE, DAN]) expect(happen("member_removed", { id, name: "" })).toBe("removed");
    expect(rosters.of(CHAT)).toMatchObject({ owner: undefined, members: new Map() });
    expect(happen("member_added", { id: EVE, name: "eve" })).toBe("added");
    expect(rosters.of(CHAT)?.owner).toBe(EVE);
  });
});
