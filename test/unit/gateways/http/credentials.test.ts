/** What the headers of a request show of who asks. */
import { describe, expect, it } from "vitest";
import { credentialsOf } from "../../../../src/server/gateways/http/credentials.ts";

describe("what a request shows", () => {
  it.each([
    ["Bearer abc.d-e_f", "abc.d-e_f"],
    ["bearer  abc ", "abc"],
    // Shown, and no good: nobody is taken for whom a cookie beside it names.
    ["Bearer", ""],
    ["Bearer a b", "a b"],
    // Somebody else's business.
    ["Basic abc", undefined],
    ["Bearers abc", undefined],
    [undefined, undefined],
  ])("AUTH-2 of %j is the token %j", (authorization, bearer) => {
    expect(credentialsOf(authorization === undefined ? {} : { authorization }).bearer).toBe(bearer);
  });

  it("is each cookie by its name", () => {
    const cookie = "other=1; user_id=one; verbatim_session=two";
    expect(credentialsOf({ cookie })).toEqual({ cookie: "two", userIdCookie: "one", bearer: undefined });
    expect(credentialsOf({})).toEqual({ cookie: undefined, userIdCookie: undefined, bearer: undefined });
  });
});
