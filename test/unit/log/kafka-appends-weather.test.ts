/** The appends to a topic under brokers that do whatever they like, by chance with a seed. */
import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../support/fake-clock.ts";
import { numbersOf, world } from "../../support/kafka-appends-world.ts";
import { messages } from "../../support/log-records.ts";

describe("appends to a topic, whatever brokers do", () => {
  it("LOG-1 LOG-2 whatever brokers do: each append that was answered stands there whole, once, in order; what was taken back never appears; whoever waits waits for a broker", async () => {
    for (let seed = 1; seed <= 60; seed += 1) await weather(seed);
  });
});

/** Random appends over random trouble, and after it the verdict. */

async function weather(seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const { clock, brokers, appends, append } = world([1, 1, 2, 3]);
  const sent: { readonly partition: number; readonly numbers: number[]; readonly state: { end: unknown } }[] = [];
  let number = 0;
  const trouble = random.next() * 0.7;
  for (let step = 0; step < 120; step += 1) {
    for (let count = random.below(4); count > 0; count -= 1) {
      const partition = random.below(4);
      const numbers = Array.from({ length: 1 + random.below(3) }, () => {
        number += 1;
        return number;
      });
      sent.push({ partition, numbers, state: append(partition, ...numbers) });
    }
    const waitedMs = random.pick([0, 1, 20, 300, 2000]);
    await clock.advance(waitedMs);
    // No pause is that long: whoever still waits does so for a broker.
    if (waitedMs === 2000) {
      for (const { partition } of sent.filter(({ state }) => state.end === undefined)) {
        const leader = brokers.leaders[partition];
        const isUnderWay = brokers.open.some(
          (open) => open.leader === leader || open.batches.some((batch) => batch.partition === partition),
        );
        expect(isUnderWay || leader === undefined, `seed ${seed}, partition ${partition} at step ${step}`).toBe(true);
      }
    }
    for (const open of [...brokers.open]) {
      if (random.happens(0.3)) continue;
      if (!random.happens(trouble)) open.answer();
      else {
        const end = random.pick([
          open.loseAnswer,
          open.loseRequest,
          open.unreachable,
          ...[6, 7, 19, 20].map((code) => () => open.refuse(code)),
        ]);
        end();
      }
    }
    if (random.happens(trouble / 5)) {
      brokers.leaders[random.below(4)] = random.pick([1, 2, 3, undefined]);
      appends.changed();
    }
  }
  brokers.leaders.fill(1);
  appends.changed();
  for (let step = 0; step < 40; step += 1) {
    await clock.advance(1000);
    for (const open of [...brokers.open]) open.answer();
  }
  const said = `seed ${seed}`;
  for (const [partition, values] of brokers.kept.entries()) {
    const kept = numbersOf(values);
    expect(new Set(kept).size, said).toBe(kept.length);
    let last = -1;
    for (const { numbers, state } of sent.filter((one) => one.partition === partition)) {
      const at = kept.indexOf(numbers[0] as number);
      if (typeof state.end === "number") expect(at, said).toBe(state.end);
      else if (state.end === "not_sent") expect(at, said).toBe(-1);
      else expect(state.end, said).toBe("unknown");
      if (at < 0) continue;
      expect(kept.slice(at, at + numbers.length), said).toEqual(numbers);
      expect(at, said).toBeGreaterThan(last);
      last = at;
    }
  }
}

it("takes no notice of an array that changes after the call", async () => {
  const { clock, brokers, appends, request } = world();
  const records = messages(1, 3);
  void appends.append(0, records, false);
  records.length = 0;
  await clock.settle();
  request().answer();
  await clock.settle();
  expect(numbersOf(brokers.kept[0] as string[])).toEqual([1, 2]);
});
