/**
 * Who a session is: the address that a client really has, where trusted proxies stand in between. Pure.
 *
 * A proxy appends the address that it was called from. So the list is read from its end: what a trusted proxy wrote is
 * believed, and the first one that is not of a trusted proxy is the client; what stands before that the client may have
 * written itself.
 */
import { canonicalAddress, networkTest } from "../config/addresses.ts";

/** The headers of a request, as Node gives them. */
type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What stands between the clients and this server. */
export class Proxies {
  /** Whether an address is that of a trusted proxy. */
  readonly isTrusted: (address: string) => boolean;

  /** `networks` as in the configuration: `ADDRESS/BITS`. */
  constructor(networks: readonly string[]) {
    this.isTrusted = networks.length === 0 ? () => false : networkTest(networks);
  }

  /**
   * The address of the client of a request. `undefined` where a trusted proxy sends `X-Forwarded-For` and `Forwarded`
   * and they disagree: one of them comes from the client, and there is no telling which. Such a request is refused.
   */
  clientAddress(peer: string, headers: Headers): string | undefined {
    const nearest = canonicalAddress(peer) ?? peer;
    if (!this.isTrusted(nearest)) return nearest;
    const listed = headers["x-forwarded-for"];
    const forwarded = headers["forwarded"];
    const byList = listed === undefined ? undefined : this.#walk(nearest, joined(listed).split(",").map(bareAddress));
    const byForwarded =
      forwarded === undefined ? undefined : this.#walk(nearest, parameters(joined(forwarded), "for").map(bareAddress));
    if (byList !== undefined && byForwarded !== undefined && byList !== byForwarded) return undefined;
    return byList ?? byForwarded ?? nearest;
  }

  /** Whether a client speaks TLS: `encrypted` to this server, or to the trusted proxy that called it. */
  isSecure(peer: string, encrypted: boolean, headers: Headers): boolean {
    if (encrypted) return true;
    if (!this.isTrusted(peer)) return false;
    const proto = headers["x-forwarded-proto"];
    const forwarded = headers["forwarded"];
    const said = [
      proto === undefined ? undefined : joined(proto).split(",").at(-1)?.trim(),
      forwarded === undefined ? undefined : parameters(joined(forwarded), "proto").at(-1),
    ].filter((word) => word !== undefined);
    return said.length > 0 && said.every((word) => word.toLowerCase() === "https");
  }

  /** From the nearest hop to the client. What is no address tells nothing, so whoever said it is as far as one can see. */
  #walk(nearest: string, hops: readonly (string | undefined)[]): string {
    let client = nearest;
    for (const hop of hops.toReversed()) {
      if (hop === undefined) return client;
      client = hop;
      if (!this.isTrusted(hop)) return client;
    }
    return client;
  }
}

const joined = (header: string | readonly string[]): string => (typeof header === "string" ? header : header.join(","));

/** `192.0.2.1:80`, `"[2001:db8::1]:80"`, … → the address alone. */
function bareAddress(written: string): string | undefined {
  const text = written.trim();
  const bracketed = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text)?.[1];
  const plain = /^([\d.]+):\d{1,5}$/.exec(text)?.[1];
  return canonicalAddress(bracketed ?? plain ?? text);
}

/** The values of one parameter in a `Forwarded` header (RFC 7239), element by element; an empty text where it has none. */
function parameters(header: string, name: string): readonly string[] {
  return split(header, ",").map((element) => {
    for (const pair of split(element, ";")) {
      const at = pair.indexOf("=");
      if (at < 0 || pair.slice(0, at).trim().toLowerCase() !== name) continue;
      const value = pair.slice(at + 1).trim();
      return /^"(.*)"$/s.exec(value)?.[1]?.replace(/\\(.)/gs, "$1") ?? value;
    }
    return "";
  });
}

/**
 * Splits at a separator outside of quotes. Where a quote is left open, quotes count for nothing: a client who opens one
 * must not swallow what the proxy appends.
 */
function split(text: string, separator: "," | ";"): string[] {
  const parts: string[] = [];
  let part = "";
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at] ?? "";
    if (quoted && letter === "\\") {
      part += letter + (text[at + 1] ?? "");
      at += 1;
      continue;
    }
    if (letter === '"') quoted = !quoted;
    if (letter !== separator || quoted) {
      part += letter;
      continue;
    }
    parts.push(part);
    part = "";
  }
  return quoted ? text.split(separator) : [...parts, part];
}
