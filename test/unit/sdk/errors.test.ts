/** What the SDK knows of error codes is what stands in the protocol's table. */
import { describe, expect, it } from "vitest";
import { ERROR_CODES, type ErrorCode } from "../../../src/protocol/error-codes.ts";
import { ChatError, CLOSING_CODES, mayRetry, RETRY_CODES } from "../../../src/sdk/errors.ts";

const table: readonly (readonly [string, ErrorCode])[] = Object.entries(ERROR_CODES);

describe("the SDK's error codes", () => {
  it("may be tried again as the table says", () => {
    const retried = table.filter(([, { retry }]) => retry).map(([name]) => name);
    expect([...RETRY_CODES].sort()).toEqual(retried.sort());
    expect(mayRetry("overloaded")).toBe(true);
    expect(mayRetry("what a newer server says")).toBe(false);
  });

  it("close connections as the table says", () => {
    const closing = table.flatMap(([name, { closeCode }]) => (closeCode === undefined ? [] : [[name, closeCode]]));
    expect(CLOSING_CODES).toEqual(closing);
  });

  it("make an error that says both", () => {
    const error = new ChatError("slow", "too slow");
    expect(error).toMatchObject({ name: "ChatError", message: "too slow", code: "slow", retry: true });
  });
});
