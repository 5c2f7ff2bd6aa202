/**
 * Who a session is: the header with which a trusted proxy begins a TCP connection, to say where it comes from. Versions
 * 1 and 2 of HAProxy's PROXY protocol. Pure.
 */
import { canonicalAddress } from "../config/addresses.ts";

/** What the first bytes of a connection are. */
export type ProxyHeader =
  /** The beginning of a header: more has to come. */
  | { readonly type: "part" }
  /** No header, or a wrong one: the connection can't be used. */
  | { readonly type: "wrong"; readonly reason: string }
  | {
      readonly type: "whole";
      /** How many bytes it has; what follows is the client's. */
      readonly length: number;
      /** Where the client is; `undefined` where the proxy speaks for itself or does not know. */
      readonly address: string | undefined;
    };

/** The longest header of version 1, its end included. */
const TEXT_BYTES_MAX = 107;
/** The longest header of version 2 that is taken, its first 16 bytes not counted: room for what proxies add to it. */
const BINARY_BYTES_MAX = 4_096;

const TEXT_START = Buffer.from("PROXY ");
const BINARY_START = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const BINARY_HEAD_BYTES = 16;

const PART: ProxyHeader = { type: "part" };
const wrong = (reason: string): ProxyHeader => ({ type: "wrong", reason });

/** Reads the header at the start of a connection. `bytes` is all that has come so far. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (begins(bytes, TEXT_START)) return bytes.length < TEXT_START.length ? PART : readText(bytes);
  if (begins(bytes, BINARY_START)) return bytes.length < BINARY_HEAD_BYTES ? PART : readBinary(bytes);
  return wrong("there is no PROXY protocol header");
}

/** Whether the bytes are `start`, or its beginning, or go on after it. */
function begins(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
}

/** `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n` */
function readText(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, TEXT_BYTES_MAX).indexOf("\r\n");
  if (end < 0) return bytes.length < TEXT_BYTES_MAX ? PART : wrong("the header does not end");
  const length = end + 2;
  const line = bytes.toString("latin1", 0, end);
  if (line === "PROXY UNKNOWN" || line.startsWith("PROXY UNKNOWN "))
    return { type: "whole", length, address: undefined };
  const [, family, source = "", target = "", ...ports] =
    /^PROXY (TCP4|TCP6) (\S+) (\S+) (\d{1,5}) (\d{1,5})$/.exec(line) ?? [];
  const isOfFamily = (text: string): boolean => text.includes(":") === (family === "TCP6");
  const address = isOfFamily(source) && isOfFamily(target) ? canonicalAddress(source) : undefined;
  const isRight = address !== undefined && canonicalAddress(target) !== undefined && ports.every(isPort);
  return isRight ? { type: "whole", length, address } : wrong("the header is not of version 1");
}

const isPort = (text: string): boolean => Number(text) <= 65_535 && (text === "0" || !text.startsWith("0"));

/** Twelve fixed bytes, version and command, family, length; then source, target and whatever else the proxy says. */
function readBinary(bytes: Buffer): ProxyHeader {
  const version = bytes.readUInt8(12) >> 4;
  const command = bytes.readUInt8(12) & 0x0f;
  const family = bytes.readUInt8(13);
  const rest = bytes.readUInt16BE(14);
  if (version !== 2 || command > 1) return wrong("the header is not of version 2");
  if (rest > BINARY_BYTES_MAX) return wrong("the header is too long");
  const length = BINARY_HEAD_BYTES + rest;
  if (bytes.length < length) return PART;
  const size = { 17: 4, 33: 16 }[family];
  // 0 = the proxy speaks for itself, say to see whether this server lives. Other families have no address for us.
  if (command === 0 || size === undefined) return { type: "whole", length, address: undefined };
  if (rest < 2 * size + 4) return wrong("the header is too short for its addresses");
  const source = bytes.subarray(BINARY_HEAD_BYTES, BINARY_HEAD_BYTES + size);
  const text = size === 4 ? source.join(".") : (source.toString("hex").match(/.{4}/g) ?? []).join(":");
  return { type: "whole", length, address: canonicalAddress(text) };
}
