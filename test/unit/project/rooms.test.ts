/**
 * The rooms that the server ships: enough of them, each with a name of its own and a word on what it is for.
 */
import { expect, it } from "vitest";
import { readProjectFile } from "../../support/project-files.ts";

it("ships 24 rooms, each named once and described", () => {
  const rooms = JSON.parse(readProjectFile("resources/rooms.json")) as { name: string; description: string }[];
  const names = rooms.map(({ name }) => name);
  expect(rooms).toHaveLength(24);
  expect(new Set(names).size).toBe(24);
  expect(names).toEqual(expect.arrayContaining(["general", "rust"]));
  for (const room of rooms) {
    expect(Object.keys(room)).toEqual(["name", "description"]);
    expect(room.name).toMatch(/^[a-z][a-z-]*$/);
    expect(room.description.length).toBeGreaterThan(20);
  }
});
