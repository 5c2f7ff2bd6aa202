/** Telemetry: the names that dashboards use, one line for each event, and no harm to whoever tells. */
import { describe, expect, it } from "vitest";
import type { Clock, Timer } from "../../../src/server/clock.ts";
import { createTelemetry, silentTelemetry } from "../../../src/server/telemetry/create-telemetry.ts";
import { messages } from "../../support/log-records.ts";
import { foldAll } from "../../support/simulation-projector.ts";

const rows = (count: number) => foldAll(messages(0, count));

/** A clock whose timers fire when the test says so. */
function handClock(): Clock & { fire(): void } {
  let waiting: (() => void)[] = [];
  const none: Timer = { cancel: () => undefined };
  return {
    now: () => 0,
    monotonic: () => 0,
    after: (_delay, action) => {
      waiting.push(action);
      return none;
    },
    every: () => none,
    endOfTurn: (action) => action(),
    fire: () => {
      const due = waiting;
      waiting = [];
      for (const action of due) action();
    },
  };
}

function recording(level: "debug" | "info" = "debug") {
  const lines: Record<string, unknown>[] = [];
  const clock = handClock();
  const stream = { write: (line: string) => void lines.push(JSON.parse(line)) };
  return { lines, clock, telemetry: createTelemetry({ level, format: "json", stream, terminal: false, clock }) };
}

/** The value of a sample in Prometheus text, or `undefined`. */
function sample(text: string, name: string): number | undefined {
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

describe("metrics", () => {
  it("have the fixed names from the start, at 0", async () => {
    const text = await silentTelemetry().render();
    for (const [name, type] of [
      ["chat_messages_posted_total", "counter"],
      ["consumer_messages_processed_total", "counter"],
      ["consumer_lag", "gauge"],
      ["active_websocket_users", "gauge"],
    ]) {
      expect(text).toContain(`# TYPE ${name} ${type}\n`);
      expect(sample(text, name ?? "")).toBe(0);
    }
    for (const name of ["db", "broadcast", "processing"]) {
      expect(text).toContain(`# TYPE consumer_${name}_duration_seconds histogram\n`);
      expect(sample(text, `consumer_${name}_duration_seconds_count`)).toBe(0);
    }
  });

  it("count what they are told, each time they are asked", async () => {
    const telemetry = silentTelemetry();
    telemetry.messagesAccepted(3, []);
    telemetry.messagesAccepted(4, []);
    telemetry.storeWritten(5, 0.01);
    telemetry.batchDelivered(0, rows(7), 0.0002);
    telemetry.batchProcessed(0.02);
    telemetry.lag(0, 4);
    telemetry.lag(11, 5);
    telemetry.sessionOpened("tcp");
    telemetry.sessionOpened("tcp");
    telemetry.sessionOpened("websocket");
    telemetry.webSocketUsers(1);
    telemetry.sessionClosed("tcp", "slow");
    telemetry.sessionRefused("tcp", "too_many_sessions");
    telemetry.commandHandled("send_message");
    telemetry.commandRefused("none", "bad_json");
    telemetry.appendFailed("overloaded", messages(0, 2), new Error("full"));
    telemetry.snapshotWritten(100, 4096);
    telemetry.retentionApplied(11);
    await telemetry.render();
    const text = await telemetry.render();
    expect(sample(text, "chat_messages_posted_total")).toBe(7);
    expect(sample(text, "consumer_messages_processed_total")).toBe(5);
    expect(sample(text, "consumer_lag")).toBe(9);
    expect(sample(text, "active_websocket_users")).toBe(1);
    expect(sample(text, "consumer_db_duration_seconds_count")).toBe(1);
    expect(sample(text, "consumer_broadcast_duration_seconds_sum")).toBe(0.0002);
    expect(sample(text, "consumer_processing_duration_seconds_sum")).toBe(0.02);
    expect(sample(text, 'verbatim_sessions{door="tcp"}')).toBe(1);
    expect(sample(text, 'verbatim_sessions_opened_total{door="tcp"}')).toBe(2);
    expect(sample(text, 'verbatim_sessions_closed_total{door="tcp",reason="slow"}')).toBe(1);
    expect(sample(text, 'verbatim_sessions_refused_total{door="tcp",reason="too_many_sessions"}')).toBe(1);
    expect(sample(text, 'verbatim_commands_total{command="send_message"}')).toBe(1);
    expect(sample(text, 'verbatim_commands_total{command="quit"}')).toBe(0);
    expect(sample(text, 'verbatim_commands_refused_total{command="none",code="bad_json"}')).toBe(1);
    expect(sample(text, 'verbatim_messages_failed_total{failure="overloaded"}')).toBe(2);
    expect(sample(text, "verbatim_snapshot_bytes")).toBe(4096);
    expect(sample(text, "verbatim_records_retired_total")).toBe(11);
  });

  it("carry no id in any label, whatever is told", async () => {
    const telemetry = silentTelemetry();
    const room = "0190c2a0-0000-7000-8000-000000000001";
    telemetry.holeFound(room, 5);
    telemetry.recordSetAside(0, 77);
    telemetry.readFailed(new Error(room));
    telemetry.internalError("somewhere", new Error(room));
    const text = await telemetry.render();
    expect(text).not.toContain(room);
    expect(text).not.toContain("somewhere");
    expect(sample(text, "verbatim_holes_total")).toBe(1);
    expect(sample(text, "verbatim_records_set_aside_total")).toBe(1);
  });

  it("of a server include those of the process", async () => {
    expect(await recording().telemetry.render()).toContain("process_resident_memory_bytes");
  });
});

describe("log lines", () => {
  it("are JSON with level, time and text", () => {
    const { lines, telemetry } = recording();
    telemetry.holeFound("the-room", 5);
    expect(lines).toEqual([
      {
        level: "error",
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        room: "the-room",
        seq: 5,
        msg: "the store has a hole below its checkpoint; it is projected again",
      },
    ]);
  });

  it("tell a failing store once a second at most, and how many times it failed", () => {
    const { lines, clock, telemetry } = recording();
    for (let i = 0; i < 1000; i += 1) telemetry.storeFailed(new Error(`failure ${i}`));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ level: "warn", err: { message: "failure 0" } });
    expect(lines[0]).not.toHaveProperty("heldBack");
    clock.fire();
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatchObject({ heldBack: 999, err: { message: "failure 999" } });
    telemetry.storeFailed(new Error("still"));
    expect(lines).toHaveLength(2);
    clock.fire();
    clock.fire();
    expect(lines).toHaveLength(3);
    telemetry.storeFailed(new Error("again"));
    expect(lines).toHaveLength(4);
  });

  it("PROJ-5 name the position of a record that is set aside", () => {
    const { lines, telemetry } = recording();
    telemetry.recordSetAside(3, 1234);
    expect(lines[0]).toMatchObject({ level: "warn", partition: 3, position: 1234 });
  });

  it("are left out below the level", () => {
    const { lines, telemetry } = recording("info");
    telemetry.sessionOpened("tcp");
    telemetry.sessionBehind();
    expect(lines).toEqual([]);
  });

  it("for a person are text, not JSON", () => {
    let text = "";
    const stream = {
      write: (line: string) => {
        text += line;
      },
    };
    const telemetry = createTelemetry({
      level: "info",
      format: "auto",
      stream,
      terminal: true,
      clock: handClock(),
    });
    telemetry.logTrimmed(42);
    expect(text).toMatch(/^\[?\S*\d\d:\d\d:\d\d.*INFO.*log trimmed.*42.*\n$/);
  });

  it("that can't be written hurt nobody, and the counters stand", async () => {
    const stream = {
      write: () => {
        throw new Error("broken pipe");
      },
    };
    const clock = handClock();
    const telemetry = createTelemetry({ level: "debug", format: "json", stream, terminal: false, clock });
    telemetry.storeFailed(new Error("x"));
    telemetry.sessionOpened("tcp");
    telemetry.batchProcessed(Number.NaN);
    telemetry.batchDelivered(0, rows(1), -1);
    const text = await telemetry.render();
    expect(sample(text, "verbatim_store_failures_total")).toBe(1);
    expect(sample(text, "consumer_processing_duration_seconds_count")).toBe(0);
  });
});
