/** The rooms file: what is read, and what is refused in which words. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkRooms, readRoomsFile } from "../../../src/server/rooms-file.ts";
import { StartError } from "../../../src/server/start-error.ts";

const room = (name: string, description = "…") => ({ name, description });
const check = (rooms: unknown) => checkRooms(JSON.stringify(rooms), "rooms.json");

function refusal(rooms: unknown): string {
  try {
    check(rooms);
  } catch (error) {
    expect(error).toBeInstanceOf(StartError);
    expect((error as StartError).message).not.toContain("\n");
    return (error as StartError).message;
  }
  throw new Error("was not refused");
}

describe("the rooms file", () => {
  it("keeps the order and leaves out what it does not know", () => {
    expect(check([{ ...room("rust", "about Rust"), colour: "orange" }, room("general", "")])).toEqual([
      { name: "rust", description: "about Rust" },
      { name: "general", description: "" },
    ]);
  });

  it("takes names in NFC, so that one name written twice is one name", () => {
    expect(check([room("cafe\u0301")])).toEqual([room("caf\u00e9")]);
    expect(refusal([room("cafe\u0301"), room("caf\u00e9")])).toBe(
      'the rooms file rooms.json holds a wrong room: number 2 has the name "café" that number 1 has already',
    );
  });

  it("takes 64 characters and refuses 65, counted as commands count them", () => {
    expect(check([room("x".repeat(64))])).toHaveLength(1);
    expect(refusal([room("x".repeat(65))])).toBe(
      "the rooms file rooms.json holds a wrong room: number 1 has a name of 65 characters; 64 are allowed",
    );
    expect(check([room("🦀".repeat(32))])).toHaveLength(1);
    expect(refusal([room("🦀".repeat(33))])).toContain("66 characters; 64 are allowed");
  });

  it.each([
    ["an empty name", "", "has an empty name"],
    ["a blank name", "  ", "has an empty name"],
    ["a control character", "a\u0007b", 'has a control or bidirectional character in its name "a\\u0007b"'],
    ["a newline", "a\nb", "has a control or bidirectional character"],
    ["a right-to-left override", "a\u202eb", "has a control or bidirectional character"],
    ["an isolate", "a\u2066b", "has a control or bidirectional character"],
    ["a lone surrogate", "a\ud800b", "has a control or bidirectional character"],
  ])("refuses %s", (_what, name, words) => {
    expect(refusal([room("general"), room(name)])).toContain(`number 2 ${words}`);
  });

  it.each([
    ["an object", {}, 'must be a JSON array of {"name", "description"}'],
    ["null", null, "must be a JSON array"],
    ["text for a room", ["general"], 'number 1 is not an object with "name" and "description"'],
    ["no description", [{ name: "a" }], 'number 1 has no "description" that is text'],
    ["a number for a name", [{ name: 1, description: "" }], 'number 1 has no "name" that is text'],
    ["nothing", [], "holds no room; at least one is needed"],
  ])("refuses %s", (_what, tree, words) => {
    expect(refusal(tree)).toContain(words);
  });

  it("refuses what is not JSON", () => {
    expect(() => checkRooms('[{"name":', "rooms.json")).toThrow(/^the rooms file rooms\.json is not JSON: /);
    expect(() => checkRooms("", "rooms.json")).toThrow(StartError);
  });

  describe("on disk", () => {
    let folder = "";
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "verbatim-rooms-"));
    });
    afterEach(() => rm(folder, { recursive: true }));

    it("is read", async () => {
      const path = join(folder, "rooms.json");
      await writeFile(path, JSON.stringify([room("general", "all")]));
      expect(await readRoomsFile(path)).toEqual([room("general", "all")]);
    });

    it("says what to do where it can't be read", async () => {
      const path = join(folder, "none.json");
      await expect(readRoomsFile(path)).rejects.toThrow(
        `the rooms file ${path} can't be read (there is no such file); name another with --rooms FILE`,
      );
      await expect(readRoomsFile(folder)).rejects.toThrow("(it is a folder)");
      await writeFile(path, Buffer.from([0xff, 0xfe, 0x5b]));
      await expect(readRoomsFile(path)).rejects.toThrow("(it is not UTF-8)");
    });
  });
});
