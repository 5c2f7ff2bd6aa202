/** What a request that failed is told, by what it failed of. */
import { describe, expect, it } from "vitest";
import { CommandError } from "../../../../src/server/commands/command-error.ts";
import { CqlError } from "../../../../src/server/cql/errors.ts";
import { problemHeaders, problemOf } from "../../../../src/server/gateways/http/problem.ts";

describe("a request that failed", () => {
  it("of a command is told what the command says", () => {
    expect(problemOf(new CommandError("unknown_room", "no such room"))).toMatchObject({
      status: 404,
      code: "unknown_room",
      detail: "no such room",
    });
  });

  it("of a database that is away is told to try again, and nothing of the database", () => {
    for (const failure of ["unavailable", "unknown"] as const) {
      const problem = problemOf(new CqlError(failure, "SELECT secret: 10.0.0.1 is away"));
      expect(problem).toMatchObject({ status: 503, code: "unavailable", retry: true });
      expect(problem?.detail).not.toMatch(/SELECT|10\.0/);
      expect(problem && problemHeaders(problem)["retry-after"]).toBe("1");
    }
  });

  it("of anything else of the server's own is told nothing about it", () => {
    expect(problemOf(new CqlError("refused", "no such table"))).toBeUndefined();
    expect(problemOf(new Error("anything"))).toBeUndefined();
    expect(problemOf("anything")).toBeUndefined();
  });
});
