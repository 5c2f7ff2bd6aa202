/**
 * Configuration, beside all stages: network addresses in one way of writing, and sets of them. Pure; asks Node what an
 * address looks like.
 */
import { BlockList, isIP, SocketAddress } from "node:net";

/**
 * The one text of an IP address, for comparing: IPv6 short and in small letters, an IPv4 address within IPv6 as IPv4,
 * brackets and zone dropped. `undefined` where it is no address.
 */
export function canonicalAddress(text: string): string | undefined {
  const bare = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  const address = bare.split("%")[0] ?? "";
  const version = isIP(address);
  if (version === 4) return address;
  if (version === 0) return undefined;
  const short = new SocketAddress({ address, family: "ipv6" }).address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(short)?.[1];
  return mapped ?? short;
}

/**
 * What one client has of addresses, for counting: an IPv4 address, or the first 64 bits of an IPv6 address, for whoever
 * has one of those has 2^64. What is no address counts as it stands.
 */
export function addressHolder(text: string): string {
  const address = canonicalAddress(text);
  if (address === undefined) return text;
  if (isIP(address) === 4) return address;
  const [before = "", after] = address.split("::");
  const groups = before === "" ? [] : before.split(":");
  if (after !== undefined) {
    const behind = after === "" ? 0 : after.split(":").length;
    while (groups.length + behind < 8) groups.push("0");
  }
  return `${groups.slice(0, 4).join(":")}::/64`;
}

/** A network as `ADDRESS/BITS`; an address alone is a network of one. `undefined` where it is neither. */
export function canonicalNetwork(text: string): string | undefined {
  const [, address = "", digits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const canonical = canonicalAddress(address);
  if (canonical === undefined || address.startsWith("[") || address.includes("%")) return undefined;
  // `::ffff:10.0.0.0/104` counts bits that the short form does not have.
  if (isIP(address) !== isIP(canonical)) return undefined;
  const most = isIP(canonical) === 4 ? 32 : 128;
  const bits = digits === undefined ? most : Number(digits);
  return bits <= most ? `${canonical}/${bits}` : undefined;
}

/** Whether an address, however it is written, lies within one of some networks (as `canonicalNetwork` writes them). */
export function networkTest(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits = ""] = network.split("/");
    list.addSubnet(address, Number(bits), isIP(address) === 4 ? "ipv4" : "ipv6");
  }
  return (text) => {
    const address = canonicalAddress(text);
    return address !== undefined && list.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");
  };
}
