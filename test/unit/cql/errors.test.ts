/** What a failure of the database means for whoever asked, by what the driver really throws. */
import { describe, expect, it } from "vitest";
import { loadDriver } from "../../../src/server/cql/driver.ts";
import { CqlError, type CqlFailure, cqlError } from "../../../src/server/cql/errors.ts";
import { passesByItself } from "../../../src/server/passing-error.ts";

const { errors } = await loadDriver();

const socketError = (isWritten: boolean): Error =>
  Object.assign(new Error("Socket was closed"), {
    isSocketError: true,
    ...(isWritten ? {} : { requestNotWritten: true }),
  });
const coded = (code: string): Error => Object.assign(new Error(code), { code });
const answer = (code: number): Error => new errors.ResponseError(code, "said the database");
const noHost = (inner: Record<string, Error>): Error => new errors.NoHostAvailableError(inner);

describe("an error of the driver", () => {
  const cases: readonly (readonly [string, CqlFailure, Error])[] = [
    ["too few replicas", "unavailable", answer(0x1000)],
    ["an overloaded node", "unavailable", answer(0x1001)],
    ["a node that is starting", "unavailable", answer(0x1002)],
    ["a connection refused", "unavailable", coded("ECONNREFUSED")],
    ["no node at all", "unavailable", noHost({})],
    ["nodes that can't be reached", "unavailable", noHost({ a: coded("ECONNREFUSED"), b: coded("ETIMEDOUT") })],
    ["a request that was never written", "unavailable", socketError(false)],
    ["too many requests on a connection", "unavailable", new errors.BusyConnectionError("a", 1, 1)],
    [
      "accounts that can't be read",
      "unavailable",
      noHost({
        a: new errors.AuthenticationError("Unable to perform authentication: Cannot achieve consistency level"),
      }),
    ],
    [
      "rights that can't be read",
      "unavailable",
      new errors.ResponseError(0x2100, "Unable to perform authorization of x"),
    ],
    ["a write timeout", "unknown", answer(0x1100)],
    ["a read timeout", "unknown", answer(0x1200)],
    ["replicas that failed", "unknown", answer(0x1500)],
    ["a conditional write in doubt", "unknown", answer(0x1700)],
    ["an error of the server", "unknown", answer(0x0000)],
    ["no answer in time", "unknown", new errors.OperationTimedOutError("too late", "a")],
    ["a connection that broke", "unknown", socketError(true)],
    ["nodes one of which may have done it", "unknown", noHost({ a: coded("ECONNREFUSED"), b: socketError(true) })],
    ["a wrong password", "refused", new errors.AuthenticationError("bad credentials")],
    ["a wrong password on the first node", "refused", noHost({ a: new errors.AuthenticationError("bad credentials") })],
    ["a certificate nobody trusts", "refused", noHost({ a: coded("DEPTH_ZERO_SELF_SIGNED_CERT") })],
    ["a certificate for another name", "refused", coded("ERR_TLS_CERT_ALTNAME_INVALID")],
    ["a syntax error", "refused", answer(0x2000)],
    ["a table that is missing", "refused", answer(0x2200)],
    ["what the user may not do", "refused", answer(0x2100)],
    ["a value of a wrong type", "refused", new TypeError("Not a valid Uuid")],
  ];
  for (const [what, failure, error] of cases) {
    it(`${what} is ${failure}`, () => {
      const told = cqlError("SELECT x", error);
      expect(told).toBeInstanceOf(CqlError);
      expect(told.failure).toBe(failure);
      expect(passesByItself(told)).toBe(failure !== "refused");
      expect(told.message).toMatch(/^SELECT x: /);
      expect(told.cause).toBe(error);
    });
  }

  it("is told with what each node said", () => {
    const inner = { "10.0.0.1:9042": coded("ECONNREFUSED"), "10.0.0.2:9042": new Error("Connection timeout") };
    expect(cqlError("connecting", noHost(inner)).message).toBe(
      "connecting: 10.0.0.1:9042: ECONNREFUSED; 10.0.0.2:9042: Connection timeout",
    );
    expect(cqlError("connecting", noHost({})).message).toBe("connecting: no node of the database is there");
  });

  it("that is told already is told once", () => {
    const error = new CqlError("refused", "once");
    expect(cqlError("again", error)).toBe(error);
  });
});
