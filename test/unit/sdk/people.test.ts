/** The SDK's sum of who is in a room. */
import { describe, expect, it } from "vitest";
import { afterParticipation } from "../../../src/sdk/people.ts";

const two = { users: ["ann", "bob"], count: 2 };

describe("who is there", () => {
  it("is one more, or one less", () => {
    expect(afterParticipation(two, { user: "eve", status: "joined" })).toEqual({
      users: ["ann", "bob", "eve"],
      count: 3,
    });
    expect(afterParticipation(two, { user: "ann", status: "left" })).toEqual({ users: ["bob"], count: 1 });
  });

  it("is once there, however often that is told", () => {
    expect(afterParticipation(two, { user: "bob", status: "joined" })).toEqual(two);
    expect(afterParticipation(two, { user: "eve", status: "left" })).toEqual(two);
  });

  it("is one less in a crowd too, where not everybody is named", () => {
    const crowd = { users: ["ann", "bob"], count: 1500 };
    expect(afterParticipation(crowd, { user: "eve", status: "left" })).toEqual({ users: ["ann", "bob"], count: 1499 });
  });
});
