/** The SDK's rooms: nothing is missed, nothing is told twice, and whatever happens to a room is said. */
import { describe, expect, it } from "vitest";
import { ChatClient } from "../../../src/sdk/chat-client.ts";
import type { RoomState } from "../../../src/sdk/types.ts";
import { SdkTestClock } from "../../support/sdk-clock.ts";
import { joins, type Line, Lines, message } from "../../support/sdk-line.ts";

function start(from: { last: number } | { after: number } = { after: 0 }) {
  const clock = new SdkTestClock();
  const lines = new Lines();
  const client = new ChatClient({ connect: lines.connect, clock, random: () => 0.5 });
  const room = client.open("rust", from);
  const told: (number | string)[] = [];
  const states: RoomState[] = [];
  room.on("record", ({ seq }) => told.push(seq));
  room.on("reset", ({ oldest }) => told.push(`reset ${oldest}`));
  room.on("state", (state) => states.push(state));
  client.connect();
  const comeBack = (): Line => {
    clock.advance(30_000);
    return lines.last.letsIn("ann");
  };
  return { client, clock, lines, room, told, states, comeBack, line: lines.last.letsIn("ann") };
}

const say = (...seqs: readonly number[]): object[] => seqs.map((seq) => message("rust", seq, "bob", `text ${seq}`));
const error = (code: string, room: string | undefined = "rust"): object => ({ _et: "error", code, m: code, r: room });
const page = (seqs: readonly number[], more = false): object => ({ _et: "history", r: "rust", ms: say(...seqs), more });

describe("a room", () => {
  it("is joined, catches up, and is live", () => {
    const { line, room, told, states } = start();
    expect(room.state.type).toBe("joining");
    line.tell(...joins("rust", ["bob", "ann"], say(1, 2), 2), ...say(3));
    expect(told).toEqual([1, 2, 3]);
    expect(states.map(({ type }) => type)).toEqual(["catching-up", "live"]);
    expect([room.name, room.cursor, room.presence]).toEqual(["rust", 3, { users: ["bob", "ann"], count: 2 }]);
  });

  it("SDK-3 goes on after a lost connection from where it stood, though that was in the midst of catching up", () => {
    const { line, room, told, comeBack } = start({ last: 50 });
    line.tell(...joins("rust", ["ann"], say(7, 8), 9).slice(0, -1)).ends();
    expect(room.state.type).toBe("joining");
    const next = comeBack();
    expect(next.all("join_room")).toEqual([{ r: "rust", after: 8 }]);
    next.tell(...joins("rust", ["ann"], say(9), 9));
    expect(told).toEqual([7, 8, 9]);
  });

  it("asks for its last records again where it was told none", () => {
    const { line, comeBack } = start({ last: 7 });
    line.ends();
    expect(comeBack().all("join_room")).toEqual([{ r: "rust", last: 7 }]);
  });

  it("heals a hole by history, and tells nothing out of order meanwhile", () => {
    const { line, room, told } = start();
    line.tell(...joins("rust", ["ann"], say(1), 1), ...say(4, 5));
    expect(told).toEqual([1]);
    expect(room.state.type).toBe("catching-up");
    expect(line.all("history")).toEqual([{ r: "rust", after: 1, limit: 1000 }]);
    line.tell(page([2], true));
    expect(line.all("history")).toHaveLength(2);
    line.tell(...say(6), page([3, 4]));
    expect(told).toEqual([1, 2, 3, 4, 5, 6]);
    expect(room.state.type).toBe("live");
  });

  it("heals a hole at the end of what it missed", () => {
    const { line, told } = start();
    line.tell(...joins("rust", ["ann"], say(1), 3));
    expect(line.all("history")).toHaveLength(1);
    line.tell(page([2, 3]));
    expect(told).toEqual([1, 2, 3]);
  });

  it("tries to heal again after a moment where that can't be answered", () => {
    const { clock, line, told } = start();
    line.tell(...joins("rust", ["ann"], [], 0), ...say(2), error("unavailable"));
    clock.advance(400);
    expect(line.all("history")).toHaveLength(2);
    line.tell(page([1, 2]));
    expect(told).toEqual([1, 2]);
  });

  it("joins anew where history does not have what is missing, and goes on from what is left", () => {
    const { line, told } = start();
    line.tell(...joins("rust", ["ann"], say(1), 1), ...say(9), page([6, 7, 8, 9]));
    expect(line.sent.slice(-3).map(({ _ct }) => _ct)).toEqual(["leave_room", "ping", "join_room"]);
    expect(line.sent.at(-1)).toEqual({ _ct: "join_room", r: "rust", after: 1 });
    line.answersPing();
    line.tell({ _et: "user_joined_room", r: "rust", us: ["ann"] }, { _et: "reset", r: "rust", oldest: 6 });
    line.tell(...say(6, 7, 8, 9), { _et: "caught_up", r: "rust", q: 9 });
    expect(told).toEqual([1, "reset 6", 6, 7, 8, 9]);
  });

  it("begins again where the server has another history, and says so", () => {
    const { line, room, told } = start({ after: 100 });
    line.tell(error("bad_field"));
    expect(line.all("join_room").at(-1)).toEqual({ r: "rust", last: 50 });
    line.tell(...joins("rust", ["ann"], say(3, 4), 4));
    expect(told).toEqual(["reset 3", 3, 4]);
    expect([room.cursor, room.state.type]).toEqual([4, "live"]);
  });

  it("begins again where the server has lost everything", () => {
    const { line, told } = start({ after: 100 });
    line.tell(error("bad_field"), ...joins("rust", ["ann"], [], 0), ...say(1));
    expect(told).toEqual(["reset 1", 1]);
  });

  it("leaves and joins where the server thinks that it is there already", () => {
    const { line, room } = start();
    line.tell(error("already_joined"));
    line.answersPing();
    expect(line.all("join_room")).toHaveLength(2);
    line.tell(...joins("rust", ["ann"], [], 0));
    expect(room.state.type).toBe("live");
  });

  it("tries again after a moment where it can't be joined right now", () => {
    const { clock, line, room } = start();
    line.tell(error("unavailable"));
    expect(room.state.type).toBe("joining");
    clock.advance(400);
    line.tell(...joins("rust", ["ann"], [], 0));
    expect(room.state.type).toBe("live");
  });

  it.each(["unknown_room", "banned", "too_many_rooms", "forbidden"])(
    "is refused with %s, and what it has fails",
    (code) => {
      const { line, room, states, comeBack } = start();
      const { key } = room.send("hello");
      line.tell(error(code));
      expect(states.at(-1)).toEqual({ type: "refused", code, text: code });
      expect(room.outgoing).toMatchObject([{ key, state: { type: "failed", code } }]);
      line.ends();
      comeBack().tell(...joins("rust", ["ann"], [], 0));
      expect(room.state.type).toBe("live");
    },
  );

  it("that was refused is asked again by who has something to say", () => {
    const { line, room } = start();
    line.tell(error("banned"));
    const { key } = room.send("hello");
    line.tell(error("banned"));
    expect(room.outgoing[0]?.state.type).toBe("failed");
    room.retry(key);
    line.tell(...joins("rust", ["ann"], [], 0));
    expect(line.all("send_message")).toEqual([{ r: "rust", c: "hello", k: key }]);
  });

  it("whose name is no name is refused without a question", () => {
    const { client, line } = start();
    const long = client.open("x".repeat(65));
    expect(long.state).toMatchObject({ type: "refused", code: "bad_field" });
    expect(line.all("join_room")).toHaveLength(1);
  });

  it("one is banned from says why, and stays in the list", () => {
    const { client, line, room } = start();
    const removed: string[] = [];
    client.on("roomRemoved", ({ room: name }) => removed.push(name));
    line.tell(...joins("rust", ["ann"], [], 0), error("banned"), { _et: "room_removed", r: "rust" });
    expect(room.state).toMatchObject({ type: "refused", code: "banned" });
    expect(removed).toEqual([]);
    expect(client.room("rust")).toBe(room);
  });

  it("one is banned from while one writes says why", () => {
    const { line, room } = start();
    line.tell(...joins("rust", ["ann"], [], 0));
    room.typing();
    line.tell(error("banned"), { _et: "room_removed", r: "rust" });
    expect(room.state).toMatchObject({ type: "refused", code: "banned" });
  });

  it("one is removed from is gone, and what was on its way fails", () => {
    const { client, line, room } = start();
    line.tell(...joins("rust", ["ann"], [], 0));
    const { key } = room.send("too late");
    line.tell({ _et: "room_removed", r: "rust" });
    expect(room.state).toEqual({ type: "gone" });
    expect(room.outgoing).toMatchObject([{ key, state: { type: "failed", code: "unknown_room" } }]);
    expect(client.room("rust")).toBeUndefined();
    expect(room.send("even later").state).toMatchObject({ type: "failed", code: "not_joined" });
    line.tell(...say(1));
    expect(room.cursor).toBe(0);
  });

  it("that one leaves is left, and tells nothing more", () => {
    const { client, line, room, told } = start();
    line.tell(...joins("rust", ["ann"], [], 0));
    room.leave();
    room.leave();
    line.tell(...say(1));
    expect(line.all("leave_room")).toEqual([{ r: "rust" }]);
    expect([told, room.state.type, client.openRooms]).toEqual([[], "gone", []]);
  });

  it("can be left by who hears a record, in the midst of many", () => {
    const { line, room, told } = start();
    room.on("record", ({ seq }) => {
      if (seq === 2) room.leave();
    });
    line.tell(...joins("rust", ["ann"], say(1, 2, 3), 3));
    expect(told).toEqual([1, 2]);
  });

  it("is joined once more where the server says that one is not there", () => {
    const { line, room } = start();
    line.tell(...joins("rust", ["ann"], [], 0));
    room.typing();
    line.tell(error("not_joined"));
    expect(line.all("join_room")).toHaveLength(2);
  });
});

describe("who is in a room", () => {
  it("is the sum of what is told", () => {
    const { line, room } = start();
    const counts: number[] = [];
    const came: string[] = [];
    room.on("presence", ({ count }) => counts.push(count));
    room.on("participation", ({ user, status }) => came.push(`${user} ${status}`));
    line.tell(...joins("rust", ["ann"], [], 0));
    line.tell({ _et: "room_participation", r: "rust", u: "bob", s: "joined" });
    line.tell({ _et: "room_participation", r: "rust", u: "ann", s: "left" });
    expect(room.presence).toEqual({ users: ["bob"], count: 1 });
    line.tell({ _et: "presence_count", r: "rust", us: 1500 });
    expect(room.presence).toEqual({ users: ["bob"], count: 1500 });
    // One had fallen behind, and is told anew.
    line.tell({ _et: "user_joined_room", r: "rust", us: ["bob", "eve"] });
    expect(room.presence).toEqual({ users: ["bob", "eve"], count: 2 });
    expect(room.state.type).toBe("live");
    expect(counts).toEqual([1, 1, 2, 1, 1500, 2]);
    expect(came).toEqual(["ann joined", "bob joined", "ann left"]);
  });

  it("writes: it is told once in 3 s, and only where one is", () => {
    const { clock, line, room } = start();
    const typing: string[] = [];
    room.on("typing", ({ user }) => typing.push(user));
    room.typing();
    line.tell(...joins("rust", ["ann"], [], 0), { _et: "typing", r: "rust", u: "bob" });
    room.typing();
    room.typing();
    clock.advance(2999);
    room.typing();
    clock.advance(1);
    room.typing();
    expect(line.all("typing")).toHaveLength(2);
    expect(typing).toEqual(["bob"]);
  });
});

describe("the history of a room", () => {
  it("is asked for page by page", async () => {
    const { line, room, told } = start();
    line.tell(...joins("rust", ["ann"], [], 0));
    const asked = room.history({ before: 10, limit: 2 });
    expect(line.all("history")).toEqual([{ r: "rust", before: 10, limit: 2 }]);
    line.tell(page([8, 9], true));
    const { records, more } = await asked;
    expect([records.map(({ seq }) => seq), more, told]).toEqual([[8, 9], true, []]);
  });

  it("is answered in the order of asking, though others ask as well", async () => {
    const { client, line, room } = start();
    const pages = Promise.all([room.history({ before: 10 }), client.open("go").history(), room.history({ before: 8 })]);
    line.tell(page([8, 9]), { _et: "history", r: "go", ms: [message("go", 1, "bob", "a")], more: false }, page([6, 7]));
    const seqs = (await pages).map(({ records }) => records.map(({ seq }) => seq));
    expect(seqs).toEqual([[8, 9], [1], [6, 7]]);
  });

  it("is refused with its code, and without a connection at once", async () => {
    const { line, room } = start();
    line.tell(...joins("rust", ["ann"], [], 0));
    const asked = room.history();
    line.tell(error("unavailable"));
    await expect(asked).rejects.toMatchObject({ code: "unavailable", retry: true });
    const cut = room.history();
    line.ends();
    await expect(cut).rejects.toMatchObject({ code: "unavailable" });
    await expect(room.history()).rejects.toMatchObject({ code: "unavailable" });
  });

  it("is not refused by what was said to a typing before it", async () => {
    const { line, room } = start();
    line.tell(...joins("rust", ["ann"], [], 0));
    room.typing();
    const asked = room.history();
    expect(line.sent.slice(-3).map(({ _ct }) => _ct)).toEqual(["typing", "ping", "history"]);
    line
      .tell(error("banned"))
      .answersPing()
      .tell(page([1]));
    expect((await asked).records).toHaveLength(1);
  });

  it("passes over a page that can't be the one", async () => {
    const { line, room } = start();
    const asked = room.history({ before: 8 });
    line.tell(page([8, 9]), page([6, 7]));
    expect((await asked).records.map(({ seq }) => seq)).toEqual([6, 7]);
  });
});
