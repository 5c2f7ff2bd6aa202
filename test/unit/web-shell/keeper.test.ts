/** Where the web client writes down what is not sent yet: a place for each tab, and none is lost with its tab. */
import { describe, expect, it } from "vitest";
import { type Shelf, TabKeeper } from "../../../src/web/actions/keeper.ts";

/** `localStorage` in memory. */
class MemoryShelf implements Shelf {
  readonly kept = new Map<string, string>();
  get length(): number {
    return this.kept.size;
  }
  key(index: number): string | null {
    return [...this.kept.keys()][index] ?? null;
  }
  getItem(place: string): string | null {
    return this.kept.get(place) ?? null;
  }
  setItem(place: string, text: string): void {
    this.kept.set(place, text);
  }
  removeItem(place: string): void {
    this.kept.delete(place);
  }
}

const words = (key: string) => ({ room: "r", key, text: `text of ${key}` });
const alone = async (): Promise<boolean> => true;
/** Tabs that live, by the names that they hold. */
const beside = (living: ReadonlySet<string>) => async (name: string) => !living.has(name);

describe("a keeper", () => {
  it("has after a reload what it was given before, and nothing once that was sent", async () => {
    const shelf = new MemoryShelf();
    const before = await TabKeeper.open(shelf, "u", "tab", alone);
    expect(before.load()).toEqual([]);
    before.save([words("a"), words("b")]);
    const after = await TabKeeper.open(shelf, "u", "tab", alone);
    expect(after.load()).toEqual([words("a"), words("b")]);
    after.save([]);
    expect(shelf.kept.size).toBe(0);
  });

  it("takes over what a tab left that is gone, and leaves that of one that lives", async () => {
    const shelf = new MemoryShelf();
    (await TabKeeper.open(shelf, "u", "gone", alone)).save([words("a")]);
    (await TabKeeper.open(shelf, "u", "here", beside(new Set(["verbatim.outgoing.u.gone"])))).save([words("b")]);
    const third = await TabKeeper.open(shelf, "u", "third", beside(new Set(["verbatim.outgoing.u.here"])));
    expect(third.load()).toEqual([words("a")]);
    expect([...shelf.kept.keys()].sort()).toEqual(["verbatim.outgoing.u.here", "verbatim.outgoing.u.third"]);
  });

  it("never touches what another user of the same browser left", async () => {
    const shelf = new MemoryShelf();
    (await TabKeeper.open(shelf, "other", "gone", alone)).save([words("a")]);
    expect((await TabKeeper.open(shelf, "u", "tab", alone)).load()).toEqual([]);
    expect(shelf.kept.size).toBe(1);
  });

  it("passes over what is no message, and lives without storage that is full or forbidden", async () => {
    const shelf = new MemoryShelf();
    for (const junk of ["{", "{}", "null", '[1,null,{"room":"r"}]']) {
      shelf.setItem("verbatim.outgoing.u.tab", junk);
      expect((await TabKeeper.open(shelf, "u", "tab", alone)).load()).toEqual([]);
    }
    const refusing: Shelf = {
      length: 1,
      key: () => {
        throw new Error("forbidden");
      },
      getItem: () => {
        throw new Error("forbidden");
      },
      setItem: () => {
        throw new Error("full");
      },
      removeItem: () => {
        throw new Error("forbidden");
      },
    };
    const keeper = await TabKeeper.open(refusing, "u", "tab", alone);
    expect(() => keeper.save([words("a")])).not.toThrow();
    expect(keeper.load()).toEqual([]);
  });
});
