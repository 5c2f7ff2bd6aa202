/**
 * Test support: a process of its own that appends to a segment log, or tails one, through the built program.
 *
 *   node log-process.mjs append DIR   appends three records at a time for ever; prints `acked N` after each
 *   node log-process.mjs tail DIR FROM TO   reads FROM up to TO, checks each record; prints `saw N` as it goes, `done`
 *
 * Record N says `record N` and stands at position N.
 */
import { systemClock } from "../../dist/server/clock.js";
import { nodeFiles } from "../../dist/server/log/log-files.js";
import { openSegmentReader } from "../../dist/server/log/segment-reader.js";
import { openSegmentLog } from "../../dist/server/log/segments.js";

const uuid = (number) => `0190a6ae-7e0b-7000-8000-${number.toString(16).padStart(12, "0")}`;

function record(number) {
  const body = JSON.stringify(`record ${number}`);
  const envelope = {
    version: 1,
    kind: "message",
    room: uuid(1),
    id: uuid(number),
    sender: uuid(2),
    senderName: "alice",
  };
  return { ...envelope, key: undefined, time: number, body };
}

async function append(dir) {
  const limits = { appendBytesMax: 64 * 1024, appendQueueBytesMax: 1024 * 1024 };
  const options = { dir, limits, clock: systemClock, files: nodeFiles, segmentBytesMax: 64 * 1024 };
  const { log } = await openSegmentLog(options);
  let next = (await log.bounds(0)).end;
  console.log(`opened ${next}`);
  const lane = async () => {
    for (;;) {
      const from = next;
      next += 3;
      const position = await log.append(0, [record(from), record(from + 1), record(from + 2)]);
      if (position !== from) throw new Error(`record ${from} stands at ${position}`);
      console.log(`acked ${from + 3}`);
    }
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
}

async function tail(dir, from, to) {
  const reader = await openSegmentReader({ dir, files: nodeFiles, clock: systemClock });
  let next = from;
  for await (const batch of reader.read(0, from, new AbortController().signal)) {
    if (batch.from !== next) throw new Error(`a batch from ${batch.from}, expected ${next}`);
    for (const got of batch.records) {
      if (JSON.stringify(got) !== JSON.stringify(record(next))) throw new Error(`at ${next}: ${JSON.stringify(got)}`);
      next += 1;
    }
    console.log(`saw ${next}`);
    if (next >= to) break;
  }
  await reader.close();
  console.log("done");
}

const [mode, dir, from, to] = process.argv.slice(2);
if (mode === "append") await append(dir);
else await tail(dir, Number(from), Number(to));
