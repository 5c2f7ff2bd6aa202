/**
 * Stage 1, the pages: what a browser is told about every page. There is no script in them, and none could run but the
 * files of the web client, where this server has it: what people write reaches the page as text, and should it ever
 * reach it as markup, the policy stops it there.
 */
import type { FastifyReply } from "fastify";
import type { PageFrame } from "./door.ts";

const REST = ["img-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"];

/** For pages that stay plain. */
const PLAIN_POLICY = ["default-src 'none'", "style-src 'self'", ...REST].join("; ");

/** The client's program comes from files of this server, and speaks to this server alone, by WebSocket as well. */
const CLIENT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  ...REST,
].join("; ");

/** Sets the headers of a page. */
export function protectPage(reply: FastifyReply, { web }: Pick<PageFrame, "web">): void {
  reply
    .header("content-security-policy", web === undefined ? PLAIN_POLICY : CLIENT_POLICY)
    // Not `no-referrer`: with that a browser sends `Origin: null` with our own forms, and they would be refused.
    .header("referrer-policy", "same-origin")
    .header("x-content-type-options", "nosniff")
    .header("x-frame-options", "DENY")
    .header("cross-origin-opener-policy", "same-origin")
    .header("cross-origin-resource-policy", "same-origin")
    // Whoever sits down at the machine after a sign-out must not find the pages by going back.
    .header("cache-control", "no-store");
}
