/** The delivery check is itself checked: each kind of finding, and against a slow model by random deliveries. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RoomCheck } from "../../../src/bench/delivery-check.ts";
import { type Findings, findingCount } from "../../../src/bench/findings.ts";

/** A room with one sender that has sent `sent` messages, and receivers that were there from the start. */
function room(sent: number, receivers: number): RoomCheck {
  const check = new RoomCheck("r", "sent");
  check.addSender("s");
  for (let index = 0; index < receivers; index++) check.addReceiver(`receiver ${index}`, "first");
  for (let index = 0; index < sent; index++) check.sent(0);
  return check;
}

function see(check: RoomCheck, receiver: number, numbers: readonly number[]): void {
  for (const number of numbers) check.saw(receiver, 0, number, 0);
}

const nothing = { lost: 0, duplicate: 0, misordered: 0, hole: 0, renumbered: 0, never_sent: 0, refused: 0 };

describe("delivery check", () => {
  it("finds nothing where everything came once and in order", () => {
    const check = room(3, 2);
    see(check, 0, [1, 2, 3]);
    expect(check.outstanding()).toBe(3);
    see(check, 1, [1, 2, 3]);
    expect(check.outstanding()).toBe(0);
    expect(check.settle()).toEqual({ counts: nothing, examples: [] });
    expect(check.deliveries).toBe(6);
  });

  it("counts what is lost in the middle and at the end, and names it", () => {
    const check = room(5, 2);
    see(check, 0, [1, 3, 4]);
    see(check, 1, [1, 2, 3, 4, 5]);
    const { counts, examples } = check.settle();
    expect(counts).toEqual({ ...nothing, lost: 2 });
    expect(examples).toEqual(["lost: r: receiver 0, message 2 of s", "lost: r: receiver 0, message 5 of s"]);
  });

  it("counts a message that nobody saw as lost for every receiver", () => {
    const check = room(3, 3);
    for (const receiver of [0, 1, 2]) see(check, receiver, [1, 3]);
    expect(check.settle().counts).toEqual({ ...nothing, lost: 3 });
  });

  it("counts each repeat", () => {
    const check = room(2, 1);
    see(check, 0, [1, 2, 2, 1, 1]);
    expect(check.settle().counts).toEqual({ ...nothing, duplicate: 3 });
  });

  it("tells late from lost", () => {
    const check = room(4, 1);
    see(check, 0, [1, 4]);
    expect(check.settle().counts.lost).toBe(2);
    see(check, 0, [2]);
    expect(check.settle().counts).toEqual({ ...nothing, lost: 1, misordered: 1 });
    see(check, 0, [3, 3]);
    expect(check.settle().counts).toEqual({ ...nothing, misordered: 2, duplicate: 1 });
  });

  it("lets a message that was sent again stand behind later ones", () => {
    const check = room(3, 1);
    check.mayComeLate(0, 1);
    see(check, 0, [2, 3, 1]);
    expect(check.settle().counts).toEqual(nothing);
  });

  it("finds receivers that saw two senders in different orders", () => {
    const check = room(1, 2);
    const other = check.addSender("t");
    check.sent(other);
    check.saw(0, 0, 1, 0);
    check.saw(0, other, 1, 0);
    check.saw(1, other, 1, 0);
    check.saw(1, 0, 1, 0);
    expect(check.settle().counts).toEqual({ ...nothing, misordered: 1 });
  });

  it("does not blame others for the loss of whoever is ahead", () => {
    const check = room(1, 2);
    const other = check.addSender("t");
    for (let index = 0; index < 8; index++) check.sent(other);
    for (let number = 1; number <= 8; number++) check.saw(0, other, number, 0);
    check.saw(1, 0, 1, 0);
    for (let number = 1; number <= 8; number++) check.saw(1, other, number, 0);
    expect(check.settle().counts).toEqual({ ...nothing, lost: 1 });
  });

  it("finds what nobody sent", () => {
    const check = room(1, 1);
    see(check, 0, [1, 2, 0, -3]);
    check.saw(0, 7, 1, 0);
    expect(check.settle().counts).toEqual({ ...nothing, never_sent: 4 });
  });

  it("finds holes in the seqs, also around what others wrote", () => {
    const check = room(3, 1);
    check.saw(0, 0, 1, 1);
    check.sawOther(0, 2);
    check.saw(0, 0, 2, 3);
    expect(check.settle().counts.hole).toBe(0);
    check.saw(0, 0, 3, 6);
    expect(check.settle().counts).toEqual({ ...nothing, hole: 2 });
    check.sawOther(0, 6);
    expect(check.settle().counts).toEqual({ ...nothing, hole: 2, duplicate: 1 });
  });

  it("expects the first seq of a receiver that was there from the first", () => {
    const check = room(1, 1);
    check.saw(0, 0, 1, 4);
    expect(check.settle().counts.hole).toBe(3);
  });

  it("finds one message under two seqs", () => {
    const check = room(1, 2);
    check.saw(0, 0, 1, 1);
    check.saw(1, 0, 1, 2);
    expect(check.settle().counts).toEqual({ ...nothing, renumbered: 1, hole: 1 });
  });

  it("asks of a receiver that came later only what was sent since", () => {
    const check = room(3, 0);
    const late = check.addReceiver("late", "now");
    check.sent(0);
    check.sent(0);
    expect(check.outstanding()).toBe(2);
    // Number 3 was on its way when the receiver came: it may see it, and the rest then has to follow.
    see(check, late, [3, 5]);
    expect(check.settle().counts).toEqual({ ...nothing, lost: 1 });
  });

  it("holds what a late receiver misses right at its start", () => {
    const check = room(3, 0);
    const late = check.addReceiver("late", "now");
    check.sent(0);
    check.sent(0);
    see(check, late, [5]);
    expect(check.settle().counts).toEqual({ ...nothing, lost: 1 });
  });

  it("asks nothing more of a receiver that left", () => {
    const check = room(2, 1);
    see(check, 0, [1]);
    check.removeReceiver(0);
    check.sent(0);
    expect(check.outstanding()).toBe(0);
    expect(check.settle().counts).toEqual(nothing);
  });

  it("after a kill asks for what was acknowledged exactly once, for the rest at most once", () => {
    const check = new RoomCheck("r", "acknowledged");
    const sender = check.addSender("s");
    const reader = check.addReceiver("reader", "first");
    for (let index = 0; index < 5; index++) check.sent(sender);
    check.acknowledged(sender, 1);
    check.acknowledged(sender, 2);
    check.acknowledged(sender, 4);
    check.saw(reader, sender, 1, 1);
    check.saw(reader, sender, 3, 2);
    check.saw(reader, sender, 3, 3);
    expect(check.settle().counts).toEqual({ ...nothing, lost: 2, duplicate: 1 });
    expect(check.settle().examples).toContain("lost: r: reader, message 2 of s");
  });

  it("takes a refusal for a promise, whether it comes before the message or after", () => {
    const check = new RoomCheck("r", "acknowledged");
    const sender = check.addSender("s");
    const reader = check.addReceiver("reader", "first");
    for (let index = 0; index < 4; index++) check.sent(sender);
    check.refused(sender, 1);
    check.refused(sender, 2);
    check.acknowledged(sender, 3);
    check.acknowledged(sender, 4);
    check.saw(reader, sender, 3, 1);
    check.saw(reader, sender, 4, 2);
    expect(check.outstanding()).toBe(0);
    expect(check.settle().counts).toEqual(nothing);
    check.sent(sender);
    check.saw(reader, sender, 5, 3);
    check.refused(sender, 5);
    check.sent(sender);
    check.refused(sender, 6);
    check.saw(reader, sender, 6, 4);
    expect(check.settle().counts).toEqual({ ...nothing, refused: 2 });
    expect(check.settle().examples[0]).toBe("refused: r: message 5 of s, seen before");
  });

  it("holds the seq of an answer against the one that is seen, whichever comes first", () => {
    const check = new RoomCheck("r", "acknowledged");
    const sender = check.addSender("s");
    const reader = check.addReceiver("reader", "first");
    for (let index = 0; index < 4; index++) check.sent(sender);
    check.acknowledged(sender, 1, 1);
    check.saw(reader, sender, 1, 1);
    check.saw(reader, sender, 2, 2);
    check.acknowledged(sender, 2, 2);
    expect(check.settle().counts).toEqual({ ...nothing, lost: 0 });
    expect(check.cursor(reader)).toBe(2);
    check.acknowledged(sender, 3, 4);
    check.saw(reader, sender, 3, 3);
    check.saw(reader, sender, 4, 4);
    check.acknowledged(sender, 4, 3);
    expect(check.settle().counts).toEqual({ ...nothing, renumbered: 2 });
  });

  it("compares orders over a receiver that is far behind", () => {
    const check = room(50_000, 2);
    for (let number = 1; number <= 50_000; number++) check.saw(0, 0, number, 0);
    for (let number = 1; number <= 50_000; number++) check.saw(1, 0, number, 0);
    expect(findingCount(check.settle())).toBe(0);
  });

  it("agrees with a slow model on random deliveries", () => {
    const deliveries = fc.array(fc.record({ receiver: fc.nat(2), number: fc.integer({ min: 1, max: 12 }) }));
    fc.assert(
      fc.property(deliveries, (seen) => {
        const check = room(12, 3);
        const times = [0, 1, 2].map(() => new Map<number, number>());
        for (const { receiver, number } of seen) {
          check.saw(receiver, 0, number, 0);
          const counts = times[receiver] as Map<number, number>;
          counts.set(number, (counts.get(number) ?? 0) + 1);
        }
        const lost = times.reduce((sum, counts) => sum + 12 - counts.size, 0);
        const verdict = check.settle();
        expect(verdict.counts.lost).toBe(lost);
        expect(verdict.counts.duplicate).toBe(seen.length - (36 - lost));
        expect(check.outstanding()).toBe(lost);
        expect(verdict.counts.never_sent + verdict.counts.hole + verdict.counts.renumbered).toBe(0);
      }),
    );
  });

  it("finds nothing in any interleaving of receivers that all see one order", () => {
    const plan = fc.record({
      order: fc.array(fc.nat(3), { maxLength: 60 }),
      turns: fc.array(fc.nat(4), { maxLength: 400 }),
      seqs: fc.boolean(),
    });
    fc.assert(
      fc.property(plan, ({ order, turns, seqs }) => {
        const check = new RoomCheck("r", "sent");
        const at = [0, 0, 0, 0, 0];
        for (let sender = 0; sender < 4; sender++) check.addSender(`s${sender}`);
        for (let receiver = 0; receiver < 5; receiver++) check.addReceiver(`r${receiver}`, "first");
        const messages = order.map((sender) => ({ sender, number: check.sent(sender) }));
        const step = (receiver: number) => {
          const place = at[receiver] as number;
          const message = messages[place];
          if (message === undefined) return;
          at[receiver] = place + 1;
          check.saw(receiver, message.sender, message.number, seqs ? place + 1 : 0);
        };
        for (const receiver of turns) step(receiver);
        const due = messages.length * 5 - at.reduce((sum, place) => sum + place, 0);
        expect(check.outstanding()).toBe(due);
        for (let receiver = 0; receiver < 5; receiver++) for (const _ of messages) step(receiver);
        expect(check.settle()).toEqual<Findings>({ counts: nothing, examples: [] });
      }),
    );
  });

  it("finds every swap of two neighbours in one receiver's order", () => {
    const plan = fc
      .array(fc.nat(2), { minLength: 2, maxLength: 30 })
      .chain((order) => fc.record({ order: fc.constant(order), swap: fc.nat(order.length - 2) }));
    fc.assert(
      fc.property(plan, ({ order, swap }) => {
        const check = new RoomCheck("r", "sent");
        for (let sender = 0; sender < 3; sender++) check.addSender(`s${sender}`);
        check.addReceiver("a", "first");
        check.addReceiver("b", "first");
        const messages = order.map((sender) => ({ sender, number: check.sent(sender) }));
        for (const message of messages) check.saw(0, message.sender, message.number, 0);
        const swapped = [...messages];
        swapped.splice(swap, 2, ...messages.slice(swap, swap + 2).reverse());
        for (const message of swapped) check.saw(1, message.sender, message.number, 0);
        expect(check.settle().counts).toEqual({ ...nothing, misordered: 1 });
      }),
    );
  });
});
