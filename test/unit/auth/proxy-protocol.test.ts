/** The PROXY protocol, versions 1 and 2: what a proxy says, byte by byte, and what is no header. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readProxyHeader } from "../../../src/server/auth/proxy-protocol.ts";

const SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");

function binary(options: { command?: number; family: number; body: Buffer; version?: number }): Buffer {
  const { command = 1, family, body, version = 2 } = options;
  const head = Buffer.from([(version << 4) | command, family, body.length >> 8, body.length & 255]);
  return Buffer.concat([SIGNATURE, head, body]);
}

const IPV4 = Buffer.from([192, 0, 2, 1, 198, 51, 100, 1, 0x12, 0x67, 0x01, 0xbb]);
const IPV6 = Buffer.from(`20010db8${"00".repeat(11)}01${"20010db8".padEnd(32, "0")}126701bb`, "hex");

const WHOLE: readonly (readonly [string, Buffer, string | undefined])[] = [
  ["version 1, IPv4", Buffer.from("PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n"), "192.0.2.1"],
  ["version 1, IPv6", Buffer.from("PROXY TCP6 2001:DB8::1 2001:db8::2 4711 443\r\n"), "2001:db8::1"],
  ["version 1, unknown", Buffer.from("PROXY UNKNOWN\r\n"), undefined],
  ["version 1, unknown with more", Buffer.from("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), undefined],
  [
    "version 1 at its longest",
    Buffer.from(`PROXY UNKNOWN ${`${"ffff:".repeat(8).slice(0, -1)} `.repeat(2)}65535 65535\r\n`),
    undefined,
  ],
  ["version 2, IPv4", binary({ family: 0x11, body: IPV4 }), "192.0.2.1"],
  ["version 2, IPv6", binary({ family: 0x21, body: IPV6 }), "2001:db8::1"],
  ["version 2 with more behind", binary({ family: 0x11, body: Buffer.concat([IPV4, Buffer.alloc(200)]) }), "192.0.2.1"],
  ["version 2, local", binary({ command: 0, family: 0, body: Buffer.alloc(0) }), undefined],
  ["version 2, local with addresses", binary({ command: 0, family: 0x11, body: IPV4 }), undefined],
  ["version 2, a local socket's path", binary({ family: 0x31, body: Buffer.alloc(216) }), undefined],
];

describe("a header", () => {
  it.each(WHOLE)("%s", (_name, header, address) => {
    const whole = { type: "whole", length: header.length, address };
    expect(readProxyHeader(header)).toEqual(whole);
    expect(readProxyHeader(Buffer.concat([header, Buffer.from('{"_ct":"quit"}\n')]))).toEqual(whole);
    for (let length = 0; length < header.length; length += 1) {
      expect(readProxyHeader(header.subarray(0, length)), `${length} bytes`).toEqual({ type: "part" });
    }
  });

  it.each<readonly [string, Buffer]>([
    ["none", Buffer.from('{"_ct":"quit"}\n')],
    ["HTTP", Buffer.from("POST / HTTP/1.1\r\n")],
    ["small letters", Buffer.from("proxy TCP4 192.0.2.1 198.51.100.1 1 2\r\n")],
    ["the wrong family", Buffer.from("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n")],
    ["a mapped address as IPv4", Buffer.from("PROXY TCP4 ::ffff:1.2.3.4 ::ffff:1.2.3.4 1 2\r\n")],
    ["no address", Buffer.from("PROXY TCP4 a.b.c.d 1.2.3.4 1 2\r\n")],
    ["a port too high", Buffer.from("PROXY TCP4 192.0.2.1 198.51.100.1 65536 2\r\n")],
    ["a missing port", Buffer.from("PROXY TCP4 192.0.2.1 198.51.100.1 1\r\n")],
    ["two spaces", Buffer.from("PROXY  TCP4 192.0.2.1 198.51.100.1 1 2\r\n")],
    ["no end", Buffer.from(`PROXY UNKNOWN ${"x".repeat(200)}\r\n`)],
    ["another version", binary({ version: 3, family: 0x11, body: IPV4 })],
    ["another command", binary({ command: 2, family: 0x11, body: IPV4 })],
    ["addresses cut short", binary({ family: 0x21, body: IPV4 })],
    ["a length beyond reason", Buffer.concat([SIGNATURE, Buffer.from([0x21, 0x11, 0xff, 0xff])])],
  ])("that is none: %s", (_name, bytes) => {
    expect(readProxyHeader(bytes).type).toBe("wrong");
  });

  it("is part, wrong or whole whatever comes, never more than came, and the same in pieces", () => {
    const start = fc.constantFrom("", "PROXY ", "PROXY TCP4 ", SIGNATURE.toString("latin1"));
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 300 }), (text, more, cut) => {
        const bytes = Buffer.concat([Buffer.from(text, "latin1"), more]);
        const whole = readProxyHeader(bytes);
        if (whole.type === "whole") expect(whole.length).toBeLessThanOrEqual(bytes.length);
        if (whole.type === "part") expect(bytes.length).toBeLessThan(16 + 4_096);
        // What is decided on less stays so when more comes.
        const first = readProxyHeader(bytes.subarray(0, cut));
        if (first.type !== "part") expect(whole).toEqual(first);
      }),
      { numRuns: 1000 },
    );
  });
});
