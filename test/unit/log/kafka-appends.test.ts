/** The appends to a topic, over brokers that hang, refuse, lose and come back. */
import { describe, expect, it, vi } from "vitest";
import { numbersIn, numbersOf, world } from "../../support/kafka-appends-world.ts";
import { message } from "../../support/log-records.ts";

describe("appends to a topic", () => {
  it("LOG-4 what waits while a request is under way, for whatever partition, makes the next", async () => {
    const { clock, brokers, append, request } = world();
    const first = [append(0, 1), append(2, 2), append(0, 3)];
    await clock.settle();
    expect(numbersIn(request())).toEqual({ 0: [1, 3], 2: [2] });
    const second = [append(1, 4, 5), append(0, 6), append(1, 7)];
    await clock.settle();
    expect(brokers.open).toHaveLength(1);
    request().answer();
    await clock.settle();
    expect(first.map(({ end }) => end)).toEqual([0, 0, 1]);
    expect(numbersIn(request())).toEqual({ 0: [6], 1: [4, 5, 7] });
    request().answer();
    await clock.settle();
    expect(second.map(({ end }) => end)).toEqual([0, 2, 2]);
    expect(brokers.open).toHaveLength(0);
    expect(clock.timers).toBeLessThanOrEqual(1);
  });

  it("LOG-4 brokers don't wait for each other, and a partition never has two requests under way", async () => {
    const { clock, brokers, append } = world([1, 2]);
    append(0, 1);
    append(1, 2);
    await clock.settle();
    expect(brokers.open.map(({ leader }) => leader)).toEqual([1, 2]);
    // Partition 0 moves to broker 2 while broker 1 still has not answered.
    brokers.leaders[0] = 2;
    append(0, 3);
    append(1, 4);
    brokers.open[1]?.answer();
    await clock.settle();
    expect(brokers.open.map(numbersIn)).toEqual([{ 0: [1] }, { 1: [4] }]);
  });

  it("LOG-2 a batch whose answer was lost is sent again as it was, and nothing overtakes it", async () => {
    const { clock, brokers, append, request, failures } = world();
    const one = append(0, 1, 2);
    await clock.settle();
    const first = request().batches[0];
    request().loseAnswer();
    const two = append(0, 3);
    await clock.advance(1000);
    expect(request().batches).toEqual([first]);
    request().loseRequest();
    await clock.advance(1000);
    request().answer();
    await clock.settle();
    expect(one.end).toBe(0);
    request().answer();
    await clock.settle();
    expect(two.end).toBe(2);
    expect(numbersOf(brokers.kept[0] as string[])).toEqual([1, 2, 3]);
    expect(failures).toHaveLength(1);
  });

  it("LOG-5 a broker that can't be reached: senders hear not_sent within 10 s, nothing of theirs ever appears, and it goes on by itself", async () => {
    const { clock, brokers, append, request } = world();
    const lost = append(0, 1);
    await clock.settle();
    request().unreachable();
    let late: { end: number | string | undefined } | undefined;
    for (let waited = 0; waited < 10_000; waited += 250) {
      await clock.advance(250);
      for (const open of [...brokers.open]) open.unreachable();
      if (waited === 8000) late = append(0, 2);
    }
    expect(lost.end).toBe("not_sent");
    expect(late?.end).toBeUndefined();
    await clock.advance(1000);
    expect(numbersIn(request())).toEqual({ 0: [2] });
    request().answer();
    await clock.settle();
    expect(late?.end).toBe(0);
    expect(numbersOf(brokers.kept[0] as string[])).toEqual([2]);
  });

  it("LOG-5 a broker that hangs: what is on its way is unknown and what waits not_sent within 10 s; it goes on by itself", async () => {
    const { clock, brokers, append, request } = world();
    const onItsWay = append(0, 1);
    await clock.settle();
    const waiting = append(0, 2);
    const first = request();
    await clock.advance(9_999);
    expect([onItsWay.end, waiting.end]).toEqual(["unknown", "not_sent"]);
    expect(brokers.cuts).toEqual([]);
    // Taken for dead after 15 s: the very same is sent again.
    await clock.advance(6_500);
    expect(brokers.cuts).toEqual([1]);
    expect(brokers.open[1]?.batches).toEqual(first.batches);
    // Both arrive in the end.
    first.answer();
    const next = append(0, 3);
    brokers.open[0]?.answer();
    await clock.settle();
    request().answer();
    await clock.settle();
    expect(next.end).toBe(1);
    expect(numbersOf(brokers.kept[0] as string[])).toEqual([1, 3]);
  });

  it("LOG-5 nobody leads the partition: not_sent, and on it goes as soon as somebody does", async () => {
    const { clock, brokers, appends, append, request } = world([1, 1]);
    brokers.leaders[0] = undefined;
    const lost = append(0, 1);
    const other = append(1, 2);
    await clock.settle();
    request().answer();
    await clock.advance(9_999);
    expect([lost.end, other.end]).toEqual(["not_sent", 0]);
    expect(brokers.refreshes).toBeGreaterThan(3);
    const next = append(0, 3);
    await clock.settle();
    brokers.leaders[0] = 1;
    appends.changed();
    await clock.settle();
    request().answer();
    await clock.settle();
    expect(next.end).toBe(0);
  });

  it("LOG-5 a partition that has paused longer than another goes on by itself while that one is on its way", async () => {
    const { clock, brokers, appends, append } = world([1, 2]);
    const slow = append(0, 1);
    append(1, 2);
    await clock.settle();
    for (const open of [...brokers.open]) open.refuse(19);
    await clock.settle();
    // A second failure, while the pause of the first has not ended: this one's is twice as long.
    appends.changed();
    await clock.settle();
    brokers.open.find(({ leader }) => leader === 1)?.refuse(19);
    await clock.advance(60);
    expect(brokers.open.map(({ leader }) => leader)).toEqual([2]);
    await clock.advance(100);
    brokers.open.find(({ leader }) => leader === 1)?.answer();
    await clock.settle();
    expect(slow.end).toBe(0);
  });

  it("LOG-5 a pause ends though its timer comes early and time goes on while it is looked at", async () => {
    for (let earlyMs = 0; earlyMs < 3; earlyMs += 0.1) {
      const { clock, brokers, append } = world();
      const { after, monotonic } = clock;
      let looks = 0;
      vi.spyOn(clock, "after").mockImplementation((delayMs, action) => after.call(clock, delayMs - earlyMs, action));
      vi.spyOn(clock, "monotonic").mockImplementation(() => {
        looks += 1;
        return monotonic.call(clock) + looks * 0.1;
      });
      const refused = append(0, 1);
      await clock.settle();
      brokers.open[0]?.refuse(19);
      await clock.advance(60);
      brokers.open[0]?.answer();
      await clock.settle();
      expect(refused.end, `${earlyMs.toFixed(1)} ms early`).toBe(0);
    }
  });

  it("LOG-5 too few replicas, said before the broker writes, leaves nothing: not_sent", async () => {
    const { clock, brokers, append } = world();
    const lost = append(0, 1);
    for (let waited = 0; waited < 10_000; waited += 100) {
      await clock.advance(100);
      for (const open of [...brokers.open]) open.refuse(19);
    }
    expect(lost.end).toBe("not_sent");
    expect(brokers.kept[0]).toEqual([]);
  });

  it("LOG-5 what the broker will never take is not_sent, and hurts nobody else", async () => {
    const { clock, append, request, brokers } = world();
    const refused = append(0, 1);
    await clock.settle();
    const other = append(0, 2);
    request().refuse(29);
    await clock.settle();
    expect(refused.end).toBe("not_sent");
    request().answer();
    await clock.settle();
    expect(other.end).toBe(0);
    expect(numbersOf(brokers.kept[0] as string[])).toEqual([2]);
  });

  it("LOG-5 where the broker takes less at once than we send, it gets less; one alone that is too large is not_sent", async () => {
    const { clock, append, request } = world();
    const ends = Array.from({ length: 8 }, (_, number) => append(0, number));
    await clock.settle();
    request().refuse(10);
    await clock.settle();
    expect(Object.values(numbersIn(request()))[0]?.length).toBeLessThan(8);
    request().answer();
    await clock.settle();
    while (ends.some(({ end }) => end === undefined)) {
      request().answer();
      await clock.settle();
    }
    expect(ends.map(({ end }) => end)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const large = append(0, 9);
    await clock.settle();
    request().refuse(10);
    await clock.settle();
    expect(large.end).toBe("not_sent");
  });

  it("LOG-5 a broker that has forgotten the writer gets the same from another writer, never from the lost one again", async () => {
    const { clock, brokers, append, request } = world();
    const one = append(0, 1);
    await clock.settle();
    const lost = request().batches[0]?.identity;
    request().refuse(45);
    await clock.advance(1000);
    const again = request().batches[0]?.identity;
    expect(again?.producerId).not.toBe(lost?.producerId);
    expect(again?.sequence).toBe(0);
    request().answer();
    const other = append(1, 2);
    await clock.settle();
    request().answer();
    await clock.settle();
    expect([one.end, other.end]).toEqual([0, 0]);
    expect(brokers.identities).toBe(2);
  });

  it("LOG-5 beyond appendQueueBytesMax senders are refused at once, over all partitions", async () => {
    const { clock, append, request } = world([1, 1], { appendBytesMax: 64 * 1024, appendQueueBytesMax: 2000 });
    const ends = Array.from({ length: 12 }, (_, number) => append(number % 2, number));
    await clock.settle();
    const refused = ends.filter(({ end }) => end === "overloaded").length;
    expect(refused).toBeGreaterThan(3);
    expect(refused).toBeLessThan(11);
    request().answer();
    await clock.settle();
    const next = append(0, 99);
    await clock.settle();
    request().answer();
    await clock.settle();
    expect(next.end).toBe(Math.ceil((12 - refused) / 2));
  });

  it("LOG-4 a busy log lets others wait for a few milliseconds, but nobody who says nothing more before the answer", async () => {
    const { clock, brokers, appends, append } = world();
    let requests = 0;
    const settle = async (): Promise<void> => {
      await clock.settle();
      for (const open of [...brokers.open]) {
        requests += 1;
        open.answer();
      }
      await clock.settle();
    };
    for (let number = 0; number < 400; number += 1) {
      append(0, number);
      if (number % 10 === 9) {
        await settle();
        await clock.advance(1);
        await settle();
      }
    }
    // 400 records in 40 ms: without a pace that would be 40 requests.
    expect(requests).toBeLessThan(20);
    const before = requests;
    void appends.append(0, [message(500)], true);
    await settle();
    expect(requests).toBe(before + 1);
    await clock.advance(100);
    await settle();
    expect(brokers.kept[0]).toHaveLength(401);
  });

  it("STOP-1 close finishes what was accepted, and waits no longer than senders do", async () => {
    const { clock, appends, append, request } = world();
    const accepted = append(0, 1);
    await clock.settle();
    const waiting = append(0, 2);
    const closing = appends.close();
    const late = append(0, 3);
    request().answer();
    await clock.settle();
    expect([accepted.end, late.end]).toEqual([0, "not_sent"]);
    // The second is never answered.
    await clock.drive(closing, "the close", 10_000);
    expect(waiting.end).toBe("unknown");
    request().loseRequest();
    await clock.settle();
    expect(clock.timers).toBe(0);
  });

  it("a topic that is gone refuses what waits and what comes", async () => {
    const { clock, brokers, appends, append, request } = world();
    const onItsWay = append(0, 1);
    await clock.settle();
    const waiting = append(1, 2);
    await clock.settle();
    brokers.isTopicGone = true;
    appends.changed();
    await clock.settle();
    expect([append(0, 3), waiting].map(({ end }) => end)).toEqual([undefined, "not_sent"]);
    request().loseAnswer();
    await clock.settle();
    expect(onItsWay.end).toBe("unknown");
  });
});
