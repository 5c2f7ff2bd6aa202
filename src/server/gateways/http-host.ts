/**
 * Stage 1, the HTTP door: whether a request was meant for this server. In open mode whoever names a user is that user,
 * so a web page of somebody else must not be able to talk to this port through its reader's browser: not directly
 * (`Origin`), and not by a name of its own that it points to our address (`Host`). Pure.
 */
import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";
import { isLoopback } from "../config/values.ts";

/** Addresses that stand for all addresses of the machine. */
const WILDCARDS = ["0.0.0.0", "::", "::0"];

/**
 * Whether `Host` names this server: localhost, a loopback address, or the host that is configured. Where that is every
 * address of the machine, any address passes, for the trick needs a name.
 */
export function isAllowedHost(header: string | undefined, configured: string): boolean {
  const host = hostOf(header);
  if (host === undefined) return false;
  if (isLoopback(host) || host === configured.toLowerCase()) return true;
  return WILDCARDS.includes(configured) && isIP(host) !== 0;
}

/** Whether a page that sends the request, if one does, is of the same address. */
export function isAllowedOrigin(headers: IncomingHttpHeaders): boolean {
  const { origin, host } = headers;
  const site = headers["sec-fetch-site"];
  if (origin !== undefined) {
    return origin === `http://${host?.toLowerCase()}` || origin === `https://${host?.toLowerCase()}`;
  }
  return site === undefined || site === "same-origin" || site === "none";
}

/** `localhost:8000` → `localhost`, `[::1]:8000` → `::1`; `undefined` where it is neither. */
function hostOf(header: string | undefined): string | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::\d{1,5})?$/.exec(header ?? "");
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}
