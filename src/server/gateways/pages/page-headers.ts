/**
 * Stage 1, the pages: what a browser is told about every page. There is no script in them, and none could run: what
 * people write reaches the page as text, and should it ever reach it as markup, the policy stops it there.
 */
import type { FastifyReply } from "fastify";

const POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join("; ");

/** Sets the headers of a page. */
export function protectPage(reply: FastifyReply): void {
  reply
    .header("content-security-policy", POLICY)
    // Not `no-referrer`: with that a browser sends `Origin: null` with our own forms, and they would be refused.
    .header("referrer-policy", "same-origin")
    .header("x-content-type-options", "nosniff")
    .header("x-frame-options", "DENY")
    .header("cross-origin-opener-policy", "same-origin")
    .header("cross-origin-resource-policy", "same-origin")
    // Whoever sits down at the machine after a sign-out must not find the pages by going back.
    .header("cache-control", "no-store");
}
