/** A client's address is what a trusted proxy says, and nobody else. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Proxies } from "../../../src/server/auth/proxies.ts";

const proxies = new Proxies(["10.0.0.0/8", "2001:db8:1::/48"]);
const PROXY = "10.0.0.1";
const forwardedFor = (text: string, peer = PROXY) => proxies.clientAddress(peer, { "x-forwarded-for": text });
const forwarded = (text: string, peer = PROXY) => proxies.clientAddress(peer, { forwarded: text });

describe("a client's address", () => {
  it("is that of the connection where nobody is trusted, whatever the headers say", () => {
    const headers = { "x-forwarded-for": "192.0.2.1", forwarded: "for=192.0.2.2" };
    expect(new Proxies([]).clientAddress("::ffff:127.0.0.1", headers)).toBe("127.0.0.1");
    expect(proxies.clientAddress("203.0.113.9", headers)).toBe("203.0.113.9");
    expect(proxies.clientAddress(PROXY, {})).toBe(PROXY);
  });

  it("is the last one that no trusted proxy has: what stands before, the client may have written", () => {
    expect(forwardedFor("192.0.2.1")).toBe("192.0.2.1");
    expect(forwardedFor("127.0.0.1, 192.0.2.1")).toBe("192.0.2.1");
    expect(forwardedFor("198.51.100.1, 192.0.2.1 ,10.9.9.9")).toBe("192.0.2.1");
    expect(forwardedFor("10.0.0.3,10.0.0.2")).toBe("10.0.0.3");
    expect(forwardedFor("192.0.2.1", "2001:db8:1::5")).toBe("192.0.2.1");
    expect(forwardedFor("192.0.2.1", "::ffff:10.0.0.1")).toBe("192.0.2.1");
    expect(proxies.clientAddress(PROXY, { "x-forwarded-for": ["127.0.0.1", "192.0.2.1"] })).toBe("192.0.2.1");
  });

  it("comes with ports, brackets and quotes", () => {
    expect(forwardedFor("192.0.2.1:4711")).toBe("192.0.2.1");
    expect(forwardedFor("[2001:DB8::1]:4711")).toBe("2001:db8::1");
    expect(forwardedFor("2001:db8::1")).toBe("2001:db8::1");
    expect(forwarded('for="[2001:db8::1]:4711";proto=https')).toBe("2001:db8::1");
    expect(forwarded('For=192.0.2.1;by="a,b;for=9.9.9.9", for=10.0.0.2')).toBe("192.0.2.1");
    expect(forwarded('by="\\"";for=192.0.2.1')).toBe("192.0.2.1");
  });

  it("is that of the last proxy in sight where what it was told is no address", () => {
    expect(forwardedFor("unknown")).toBe(PROXY);
    expect(forwardedFor("192.0.2.1, unknown, 10.0.0.7")).toBe("10.0.0.7");
    expect(forwarded("for=_hidden")).toBe(PROXY);
    expect(forwarded("proto=https")).toBe(PROXY);
    expect(forwardedFor("")).toBe(PROXY);
    expect(forwarded('for="')).toBe(PROXY);
  });

  it("is not known where two headers of one proxy disagree: the client wrote one of them", () => {
    const both = (list: string, element: string) =>
      proxies.clientAddress(PROXY, { "x-forwarded-for": list, forwarded: element });
    expect(both("192.0.2.1", "for=192.0.2.1")).toBe("192.0.2.1");
    expect(both("192.0.2.1", "for=198.51.100.9")).toBeUndefined();
    expect(both("198.51.100.9, 192.0.2.1", "for=192.0.2.1")).toBe("192.0.2.1");
  });

  it("never comes from what the client wrote, whatever that is", () => {
    const letters = fc.constantFrom('for="', '"', "\\", "10.0.0.1,", "10.0.0.1", ",,", ";", "proto=https", " ");
    const text = fc.array(fc.oneof(fc.string({ unit: "binary" }), letters)).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, (client) => {
        expect(forwardedFor(`${client},192.0.2.1`)).toBe("192.0.2.1");
        expect(forwardedFor(`${client}, 192.0.2.1, 10.0.0.9`)).toBe("192.0.2.1");
        expect(forwarded(`${client}, for=192.0.2.1;proto=http`)).toBe("192.0.2.1");
        expect(forwarded(`${client},for="[2001:db8::1]:80"`)).toBe("2001:db8::1");
        const headers = { forwarded: `${client},for=192.0.2.1;proto=http` };
        expect(proxies.isSecure(PROXY, false, headers)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("TLS", () => {
  it("is what the connection has, or what a trusted proxy says of its own", () => {
    const https = { "x-forwarded-proto": "https" };
    expect(proxies.isSecure("203.0.113.9", true, {})).toBe(true);
    expect(proxies.isSecure("203.0.113.9", false, https)).toBe(false);
    expect(proxies.isSecure(PROXY, false, https)).toBe(true);
    expect(proxies.isSecure(PROXY, false, { forwarded: "for=1.2.3.4;proto=HTTPS" })).toBe(true);
    expect(proxies.isSecure(PROXY, false, { "x-forwarded-proto": "https, http" })).toBe(false);
    expect(proxies.isSecure(PROXY, false, { ...https, forwarded: "proto=http" })).toBe(false);
    expect(proxies.isSecure(PROXY, false, {})).toBe(false);
  });
});
