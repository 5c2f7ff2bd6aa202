/**
 * Stage 1, the HTTP door: what the headers of a request show of who asks, a WebSocket's like any other's. Whether it is
 * good is the authenticator's to say. Pure.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Credentials } from "../../auth/authenticator.ts";
import { readCookie, SESSION_COOKIE, USER_ID_COOKIE } from "./cookies.ts";

/** What headers can show. */
export type HeaderCredentials = Pick<Credentials, "cookie" | "userIdCookie" | "bearer">;

/** What these headers show. */
export function credentialsOf({ cookie, authorization }: IncomingHttpHeaders): HeaderCredentials {
  return {
    cookie: readCookie(cookie, SESSION_COOKIE),
    userIdCookie: readCookie(cookie, USER_ID_COOKIE),
    bearer: authorization === undefined ? undefined : bearerOf(authorization),
  };
}

/** Another scheme may be a proxy's own. Whatever stands after ours is what was shown, good or not, and not passed over. */
function bearerOf(authorization: string): string | undefined {
  return /^Bearer(?: |$)/i.test(authorization) ? authorization.slice("Bearer".length).trim() : undefined;
}
