/** Addresses have one way of writing, and a network holds those that share its first bits. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addressHolder,
  canonicalAddress,
  canonicalNetwork,
  networkTest,
} from "../../../src/server/config/addresses.ts";

describe("an address", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:C000:0201", "192.0.2.1"],
    ["[2001:DB8:0:0::1]", "2001:db8::1"],
    ["fe80::1%eth0", "fe80::1"],
    ["192.0.2.256", undefined],
    ["0300.0.2.1", undefined],
    ["localhost", undefined],
    ["", undefined],
    ["192.0.2.1:80", undefined],
    ["192.0.2.1/32", undefined],
  ])("%s is %s", (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
  });
});

describe("who holds an address", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2:ffff::", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["2001:db8::", "2001:db8:0:0::/64"],
    ["pipe", "pipe"],
  ])("%s: %s", (address, holder) => {
    expect(addressHolder(address)).toBe(holder);
  });
});

describe("a network", () => {
  it("holds exactly the addresses that share its first bits", () => {
    const word = fc.nat({ max: 2 ** 32 - 1 });
    const dotted = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
    fc.assert(
      fc.property(word, word, fc.nat({ max: 32 }), (base, address, bits) => {
        const network = canonicalNetwork(`${dotted(base)}/${bits}`);
        const isSame = bits === 0 || base >>> (32 - bits) === address >>> (32 - bits);
        const isWithin = networkTest([network ?? ""]);
        expect(isWithin(dotted(address))).toBe(isSame);
        expect(isWithin(`::ffff:${dotted(address)}`)).toBe(isSame);
        expect(isWithin(dotted(base))).toBe(true);
      }),
    );
  });

  it("holds nothing that is no address, and none of another kind", () => {
    const isWithin = networkTest(["0.0.0.0/0", "2001:db8::/32"]);
    expect(["1.2.3.4", "2001:db8:ffff::1"].every(isWithin)).toBe(true);
    expect(["2001:db9::1", "::1", "x", "", "unix:"].some(isWithin)).toBe(false);
    expect(networkTest([])("127.0.0.1")).toBe(false);
  });
});
