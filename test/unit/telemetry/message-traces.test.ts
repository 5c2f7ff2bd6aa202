/** Tests of the way of messages in time: what is followed, and what a viewer is sent of it. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { type MessageTrace, MessageTraces } from "../../../src/server/telemetry/message-traces.ts";
import { openTraceExport } from "../../../src/server/telemetry/trace-export.ts";
import { messages } from "../../support/log-records.ts";
import { foldAll } from "../../support/simulation-projector.ts";
import { until } from "../../support/until.ts";

function following(every: number) {
  const ended: MessageTrace[] = [];
  const clock = { now: 0 };
  const traces = new MessageTraces({ every, now: () => clock.now, ended: (trace) => ended.push(trace) });
  return { ended, clock, traces };
}

describe("the way of a message", () => {
  it("is followed from being taken to being stored, for one in so many", () => {
    const { ended, clock, traces } = following(3);
    const records = messages(0, 9);
    const rows = foldAll(records);
    for (const { id } of records) traces.taken(id);
    clock.now = 5;
    traces.appended(records, true);
    clock.now = 7;
    traces.delivered(0, rows);
    traces.stored(0, 0);
    expect(ended).toEqual([]);
    clock.now = 20;
    traces.stored(1, 9);
    expect(ended).toEqual([]);
    traces.stored(0, 6);
    const times = { taken: 0, durable: 5, delivered: 7, stored: 20, partition: 0 };
    expect(ended).toEqual([2, 5].map((position) => ({ ...times, position })));
    traces.stored(0, 9);
    expect(ended).toHaveLength(3);
  });

  it("ends where it could not be written, and is told without the store where that never has it", () => {
    const { ended, clock, traces } = following(1);
    const records = messages(0, 2);
    const [first, second] = records;
    for (const { id } of records) traces.taken(id);
    traces.appended(records.slice(0, 1), false);
    traces.delivered(0, foldAll(records));
    clock.now = 31_000;
    traces.taken(messages(7, 8)[0]?.id ?? "");
    expect([first?.id, second?.id]).not.toContain(undefined);
    expect(ended).toEqual([{ taken: 0, durable: 0, delivered: 0, stored: undefined, partition: 0, position: 1 }]);
  });

  it("follows no more than a thousand at once, wherever they get stuck", () => {
    const { ended, traces } = following(1);
    const records = messages(0, 1500);
    for (const { id } of records) traces.taken(id);
    traces.appended(records, true);
    traces.delivered(0, foldAll(records));
    traces.stored(0, 1500);
    expect(ended).toHaveLength(1000);
  });

  it("reaches a viewer as one span with a child for each stage", async () => {
    const bodies = new Map<string | undefined, string[]>();
    const viewer = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body = Buffer.concat(chunks).toString();
        bodies.set(request.url, [...(bodies.get(request.url) ?? []), body]);
        response.setHeader("content-type", "application/json").end("{}");
      });
    });
    await new Promise<void>((resolve) => viewer.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = viewer.address() as AddressInfo;
      let opened = 0;
      // What is not taken within 2 s is lost, as it may be on a machine that stands still: then the next way is looked at.
      const sent = await until(
        30_000,
        () => "a viewer to be reached in time",
        async () => {
          opened += 1;
          const path = `/${opened}/v1/traces`;
          const out = await openTraceExport({ url: `http://127.0.0.1:${port}${path}`, node: "one" });
          out.send({ taken: 1000, durable: 1002, delivered: 1003, stored: 1200, partition: 4, position: 77 });
          out.send({ taken: 2000, durable: 2002, delivered: 2003, stored: undefined, partition: 4, position: 78 });
          await out.close();
          return bodies.get(path);
        },
      );
      const spans = sent.flatMap((body) => JSON.parse(body).resourceSpans[0].scopeSpans[0].spans);
      const names = spans.map(({ name }: { name: string }) => name);
      expect(names.filter((name: string) => name === "message")).toHaveLength(2);
      expect(names.filter((name: string) => name === "store")).toHaveLength(1);
      const [root] = spans.filter(({ name }: { name: string }) => name === "message");
      const children = spans.filter(({ parentSpanId }: { parentSpanId?: string }) => parentSpanId === root.spanId);
      expect(children.map(({ name }: { name: string }) => name)).toEqual(["log", "fanout", "store"]);
      expect(sent.join("")).toContain("one");
    } finally {
      await new Promise((resolve) => viewer.close(resolve));
    }
  });

  it("is lost without harm where no viewer answers", async () => {
    const out = await openTraceExport({ url: "http://127.0.0.1:9/v1/traces", node: "one" });
    out.send({ taken: 1, durable: 2, delivered: 3, stored: 4, partition: 0, position: 0 });
    await expect(out.close()).resolves.toBeUndefined();
  });
});
