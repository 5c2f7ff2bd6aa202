/** Cookies: the value of the first of a name, whatever else stands in the header. */
import { describe, expect, it } from "vitest";
import { readCookie, signInCookie } from "../../../../src/server/gateways/http/cookies.ts";

describe("a cookie", () => {
  it.each([
    ["user_id=a", "a"],
    ["user_id=a; other=b", "a"],
    ["other=b; user_id=a", "a"],
    ["other=b;user_id=a;x=y", "a"],
    ["user_id=a; user_id=b", "a"],
    ["  user_id=a  ", "a"],
    ["user_id=", ""],
    ["xuser_id=b; user_id=a", "a"],
    ["user_idx=b; user_id=a", "a"],
    ["x=user_id=b; user_id=a", "a"],
    ["x=; user_id =b; user_id=a", "a"],
    ["user_id=a=b", "a=b"],
    ["xuser_id=b", undefined],
    ["user_id", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("%j has user_id %j", (header, expected) => {
    expect(readCookie(header, "user_id")).toBe(expected);
  });

  it("of a sign-in can't be read by a script, and says Secure where the client speaks TLS", () => {
    const account = { id: "0198c0de-0000-7000-8000-000000000001", name: "alice" };
    expect(signInCookie({ account, cookie: undefined }, false)).toBe(
      `user_id=${account.id}; Path=/; HttpOnly; SameSite=Lax`,
    );
    expect(signInCookie({ account, cookie: { value: "secret", expiresAt: 0 } }, true)).toBe(
      "verbatim_session=secret; Path=/; HttpOnly; SameSite=Lax; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure",
    );
  });
});
