/** The SDK's client: how it comes in, how it comes back, and when it stops trying. */
import { describe, expect, it } from "vitest";
import { ChatClient, type ChatClientOptions } from "../../../src/sdk/chat-client.ts";
import type { ChatError } from "../../../src/sdk/errors.ts";
import type { ConnectionState, EndReason } from "../../../src/sdk/types.ts";
import { SdkTestClock } from "../../support/sdk-clock.ts";
import { greeting, joins, Lines } from "../../support/sdk-line.ts";

function start(options: Partial<ChatClientOptions> = {}) {
  const clock = new SdkTestClock();
  const lines = new Lines();
  const client = new ChatClient({ connect: lines.connect, clock, random: () => 0.5, ...options });
  const states: ConnectionState[] = [];
  client.on("state", (state) => states.push(state));
  client.connect();
  return { client, clock, lines, states };
}

const types = (states: readonly ConnectionState[]): string[] => states.map(({ type }) => type);
const error = (code: string): object => ({ _et: "error", code, m: `because: ${code}` });

describe("a client", () => {
  it("is idle until it is asked to connect, and then on its way once", () => {
    const lines = new Lines();
    const client = new ChatClient({ connect: lines.connect, clock: new SdkTestClock() });
    expect(client.state).toEqual({ type: "idle" });
    client.retryNow();
    expect(lines.all).toEqual([]);
    client.connect();
    client.connect();
    expect(lines.all).toHaveLength(1);
    expect(client.state).toEqual({ type: "connecting", attempt: 1 });
  });

  it("is who the answer to its hello says, not who greeted first", () => {
    const { client, lines } = start({ session: "s1", token: "t1" });
    const users: string[] = [];
    client.on("signedIn", ({ user }) => users.push(user));
    const line = lines.last.opens();
    expect(line.sent[0]).toEqual({ _ct: "hello", v: 1, t: "t1", s: "s1" });
    line.tell(greeting("x7Fq2", "s2"));
    expect(client.user).toBeUndefined();
    line.tell(greeting("ann", "s1")).answersPing();
    expect([client.user, client.session, users]).toEqual(["ann", "s1", ["ann"]]);
    expect(client.rooms).toEqual([{ room: "general", description: "for all" }]);
    expect(client.state.type).toBe("online");
  });

  it("comes back as the guest that it was", () => {
    const { clock, lines } = start();
    lines.last.letsIn("x7Fq2", "s1").ends();
    clock.advance(1000);
    lines.last.opens();
    expect(lines.all).toHaveLength(2);
    expect(lines.last.sent[0]).toEqual({ _ct: "hello", v: 1, s: "s1" });
  });

  it("SDK-4 waits longer after each attempt that fails, and says until when and why", () => {
    const { client, clock, lines } = start();
    const pauses: number[] = [];
    for (let attempt = 1; attempt <= 9; attempt++) {
      lines.last.ends(undefined, "nobody is there");
      const { state } = client;
      if (state.type !== "waiting") throw new Error(state.type);
      expect(state).toMatchObject({ attempt, reason: "nobody is there" });
      pauses.push(state.retryAt - clock.now());
      clock.advance(pauses.at(-1) ?? 0);
      expect(client.state).toEqual({ type: "connecting", attempt: attempt + 1 });
    }
    expect(pauses).toEqual([375, 750, 1500, 3000, 6000, 12_000, 22_500, 22_500, 22_500]);
  });

  it("comes back soon after a good connection, and later after one that was soon lost", () => {
    const { client, clock, lines } = start();
    const pauseAfter = (ms: number): number => {
      lines.last.letsIn("ann");
      clock.advance(ms);
      lines.last.ends();
      const pause = client.state.type === "waiting" ? client.state.retryAt - clock.now() : 0;
      clock.advance(pause);
      return pause;
    };
    expect([0, 100, 6000, 0, 0].map(pauseAfter)).toEqual([375, 750, 375, 750, 1500]);
  });

  it("gives up an attempt that gets no answer", () => {
    const { client, clock, lines } = start();
    clock.advance(15_000);
    expect(lines.last.isClosed).toBe(true);
    expect(client.state).toMatchObject({ type: "waiting", reason: "no answer" });
  });

  it("tries again at once when it is told that something has changed", () => {
    const { client, clock, lines } = start();
    lines.last.ends();
    client.retryNow();
    expect(lines.all).toHaveLength(2);
    clock.advance(10_000);
    expect(lines.all).toHaveLength(2);
    lines.last.letsIn("ann");
    client.retryNow();
    client.retryNow();
    expect(lines.last.all("ping")).toHaveLength(2);
    clock.advance(15_000);
    expect(lines.all[1]?.isClosed).toBe(true);
  });

  it("hears nothing more of a connection that it has given up", () => {
    const { client, clock, lines } = start();
    const [first] = lines.all;
    clock.advance(15_000);
    first?.letsIn("ann").ends();
    expect(client.user).toBeUndefined();
    expect(client.state.type).toBe("waiting");
  });

  it("ends when it is closed, with nothing left to do, and can begin again", () => {
    const { client, clock, lines, states } = start();
    lines.last.letsIn("ann");
    client.close();
    client.close();
    expect(lines.last.isClosed).toBe(true);
    expect(clock.timers).toBe(0);
    expect(client.state).toEqual({ type: "ended", reason: { code: "closed", text: "closed" } });
    client.connect();
    lines.last.letsIn("ann");
    expect(types(states)).toEqual(["connecting", "online", "ended", "connecting", "online"]);
  });

  it("can be closed by who hears of its state", () => {
    const lines = new Lines();
    const client = new ChatClient({ connect: lines.connect, clock: new SdkTestClock() });
    client.on("state", () => client.close());
    client.connect();
    expect(client.state.type).toBe("ended");
    expect(lines.last.isClosed).toBe(true);
  });

  it("tries again where a transport throws", () => {
    const { client } = start({
      connect: () => ({
        open: () => {
          throw new Error("a bad address");
        },
        send: () => undefined,
        close: () => undefined,
      }),
    });
    expect(client.state).toMatchObject({ type: "waiting", reason: "Error: a bad address" });
  });
});

describe("a client that is refused", () => {
  it.each(["unauthorized", "banned", "forbidden"])("ends where its hello is answered with %s", (code) => {
    const { client, lines } = start({ token: "wrong" });
    lines.last.opens().tell(greeting("x7Fq2", "s2"), error(code)).answersPing();
    expect(client.state).toEqual({ type: "ended", reason: { code, text: `because: ${code}` } });
    expect(lines.last.isClosed).toBe(true);
  });

  it.each(["unavailable", "too_many_sign_ins"])("tries again where its hello is answered with %s", (code) => {
    const { client, lines } = start({ token: "t1" });
    lines.last.opens().tell(error(code)).answersPing();
    expect(client.state).toMatchObject({ type: "waiting", reason: `because: ${code}` });
  });

  it("SDK-4 ends where its token is revoked while it is connected", () => {
    const { client, lines } = start({ token: "t1" });
    lines.last.letsIn("ann").tell(error("signed_out")).ends(4403, "");
    expect(client.state).toEqual({ type: "ended", reason: { code: "signed_out", text: "because: signed_out" } });
  });

  it.each([
    [4403, "signed_out", "ended"],
    [1002, "bad_frame", "ended"],
    [1009, "line_too_long", "ended"],
    [4401, "sign_in_timeout", "waiting"],
    [4408, "slow", "waiting"],
    [1013, "too_many_sessions", "waiting"],
    [1001, "going_away", "waiting"],
    [1006, "the connection was lost", "waiting"],
    [undefined, "the connection was lost", "waiting"],
  ])("knows what close code %s means: %s", (code, reason, type) => {
    const { client, lines } = start();
    lines.last.letsIn("ann").ends(code, "");
    const { state } = client;
    expect(state.type).toBe(type);
    if (state.type === "ended") expect(state.reason).toEqual({ code: reason, text: reason });
    else if (state.type === "waiting") expect(state.reason).toBe(reason);
  });

  it.each([
    [302, "redirected", "https://login.example/"],
    [401, "unauthorized", "HTTP 401"],
    [403, "forbidden", "HTTP 403"],
  ])("ends where its WebSocket is answered with %s", (status, code, text) => {
    const { client, lines } = start();
    lines.last.ends(status, text);
    expect(client.state).toEqual({ type: "ended", reason: { code, text } });
  });

  it("tries again where its WebSocket is answered with 503", () => {
    const { client, lines } = start();
    lines.last.ends(503, "HTTP 503");
    expect(client.state).toMatchObject({ type: "waiting", reason: "HTTP 503" });
  });

  it("asks why, where nobody else can say, and ends with what it hears", async () => {
    const reasons: (EndReason | undefined)[] = [undefined, { code: "redirected", text: "you are sent elsewhere" }];
    const { client, clock, lines } = start({ whyNot: async () => reasons.shift() });
    lines.last.ends(1006, "");
    await Promise.resolve();
    expect(client.state.type).toBe("waiting");
    clock.advance(400);
    lines.last.ends(1006, "");
    await Promise.resolve();
    expect(client.state).toMatchObject({ type: "ended", reason: { code: "redirected" } });
    expect(clock.timers).toBe(0);
  });

  it("does not ask why after a connection that there was", () => {
    let asked = 0;
    const { lines } = start({
      whyNot: async () => {
        asked += 1;
        return undefined;
      },
    });
    lines.last.letsIn("ann").ends(1006, "");
    expect(asked).toBe(0);
  });

  it("tells of an error that concerns nothing of what it asked", () => {
    const { client, lines } = start();
    const refused: object[] = [];
    client.on("refused", (one) => refused.push(one));
    lines.last.letsIn("ann").tell(error("bad_json"));
    expect(refused).toEqual([{ code: "bad_json", text: "because: bad_json" }]);
    expect(client.state.type).toBe("online");
  });
});

describe("a client that hears nothing", () => {
  it("asks for a sign of life after 25 s, and is content with one", () => {
    const { client, clock, lines } = start();
    const line = lines.last.letsIn("ann");
    clock.advance(24_000);
    expect(line.all("ping")).toHaveLength(1);
    clock.advance(6000);
    expect(line.all("ping")).toHaveLength(2);
    line.answersPing();
    clock.advance(24_000);
    expect(line.all("ping")).toHaveLength(2);
    expect(client.state.type).toBe("online");
  });

  it("SDK-4 comes back where none comes", () => {
    const { client, clock, lines } = start();
    const line = lines.last.letsIn("ann");
    clock.advance(45_000);
    expect(line.isClosed).toBe(true);
    expect(client.state.type).not.toBe("online");
    expect(lines.all.length).toBeGreaterThan(1);
  });

  it("does not ask as long as it hears something", () => {
    const { clock, lines } = start();
    const line = lines.last.letsIn("ann");
    for (let n = 0; n < 100; n++) {
      clock.advance(10_000);
      line.tell({ _et: "from the future" });
    }
    expect(line.all("ping")).toHaveLength(1);
  });

  it("asks at once where its machine slept, and comes back where the line did not survive that", () => {
    const { client, clock, lines } = start();
    const line = lines.last.letsIn("ann");
    clock.advance(2000);
    clock.sleep(3_600_000);
    clock.advance(1);
    expect(line.all("ping")).toHaveLength(2);
    expect(client.state.type).toBe("online");
    clock.advance(20_000);
    expect(line.isClosed).toBe(true);
  });

  it("notices a dead line though its timers always come late, as in a hidden tab", () => {
    const { clock, lines } = start();
    const line = lines.last.letsIn("ann");
    for (let minute = 0; minute < 4; minute++) {
      clock.sleep(60_000);
      clock.advance(1);
    }
    expect(line.isClosed).toBe(true);
  });

  it("comes back where a room that it joins is never answered", () => {
    const { client, clock, lines } = start();
    client.open("general");
    const line = lines.last.letsIn("ann");
    for (let n = 0; n < 8; n++) {
      line.tell({ _et: "from the future" });
      clock.advance(5000);
    }
    expect(line.isClosed).toBe(true);
  });
});

describe("a round trip", () => {
  it("takes as long as the answer", async () => {
    const { client, clock, lines } = start();
    lines.last.letsIn("ann");
    const trip = client.roundTrip();
    clock.advance(42);
    lines.last.answersPing();
    expect(await trip).toBe(42);
  });

  it("rejects where there is no connection, or it is lost meanwhile", async () => {
    const { client, lines } = start();
    const unavailable = { code: "unavailable", retry: true } satisfies Partial<ChatError>;
    await expect(client.roundTrip()).rejects.toMatchObject(unavailable);
    lines.last.letsIn("ann");
    const trip = client.roundTrip();
    lines.last.ends();
    await expect(trip).rejects.toMatchObject(unavailable);
  });
});

describe("the rooms of a client", () => {
  it("are those of the last sign-in, and what was told since", () => {
    const { client, lines } = start();
    const heard: unknown[] = [];
    client.on("roomAdded", (room) => heard.push(room));
    client.on("roomRemoved", (room) => heard.push(room));
    lines.last.letsIn("ann").tell({ _et: "room_added", r: "id1", d: "Tea" });
    expect(client.rooms.map(({ room }) => room)).toEqual(["general", "id1"]);
    lines.last.tell({ _et: "room_removed", r: "id1" });
    expect(client.rooms.map(({ room }) => room)).toEqual(["general"]);
    expect(heard).toEqual([{ room: "id1", description: "Tea" }, { room: "id1" }]);
  });

  it("are the same as long as they are open, and joined on each connection", () => {
    const { client, clock, lines } = start();
    const room = client.open("general");
    expect(client.open("general")).toBe(room);
    expect([client.room("general"), client.room("rust"), client.openRooms]).toEqual([room, undefined, [room]]);
    lines.last.letsIn("ann").tell(...joins("general", ["ann"], [], 5));
    const later = client.open("rust", { after: 3 });
    expect(lines.last.all("join_room")).toEqual([
      { r: "general", last: 50 },
      { r: "rust", after: 3 },
    ]);
    lines.last.ends();
    clock.advance(400);
    lines.last.letsIn("ann");
    expect(lines.last.all("join_room")).toEqual([
      { r: "general", after: 5 },
      { r: "rust", after: 3 },
    ]);
    later.leave();
    expect(client.openRooms).toEqual([room]);
  });

  it("are joined once though a listener opens one while the client comes in", () => {
    const { client, lines } = start();
    client.on("signedIn", () => client.open("general"));
    lines.last.letsIn("ann");
    expect(lines.last.all("join_room")).toHaveLength(1);
  });
});
