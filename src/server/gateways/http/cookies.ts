/**
 * Stage 1, the HTTP door: the cookies there are. `user_id` says who one is in open mode, where a name is enough;
 * `verbatim_session` holds the secret of a sign-in; `verbatim_client` says that the web client runs there. Pure.
 */
import type { AuthConfig } from "../../config/config.ts";
import type { NewSignIn } from "./door.ts";

/** Who somebody says they are: believed in open mode only. */
export const USER_ID_COOKIE = "user_id";
/** The secret of a sign-in with a password. */
export const SESSION_COOKIE = "verbatim_session";
/** Set by the web client itself, for the pages alone: it takes their place, and says by itself what was read. */
export const CLIENT_COOKIE = "verbatim_client";

/** No script reads them, and no page of another site has them sent along but where a link leads here. */
const FLAGS = "Path=/; HttpOnly; SameSite=Lax";
const SEMICOLON = 0x3b;
const SPACE = 0x20;

/** The value of a cookie, the first of its name; `undefined` where there is none. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined;
  for (let at = header.indexOf(name); at >= 0; at = header.indexOf(name, at + name.length)) {
    const start = at + name.length + 1;
    if (header[start - 1] !== "=" || !beginsPair(header, at)) continue;
    const end = header.indexOf(";", start);
    return (end < 0 ? header.slice(start) : header.slice(start, end)).trim();
  }
  return undefined;
}

function beginsPair(header: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && header.charCodeAt(before) === SPACE) before -= 1;
  return before < 0 || header.charCodeAt(before) === SEMICOLON;
}

/** `Set-Cookie` for somebody who signed in; `secure` where they speak TLS. */
export function signInCookie({ account, cookie }: NewSignIn, secure: boolean): string {
  if (cookie === undefined) return `${USER_ID_COOKIE}=${account.id}; ${FLAGS}${flag(secure)}`;
  const expires = new Date(cookie.expiresAt).toUTCString();
  return `${SESSION_COOKIE}=${cookie.value}; ${FLAGS}; Expires=${expires}${flag(secure)}`;
}

/**
 * `Set-Cookie` for somebody who signed out: takes away what says who they are, and the cookie of the open mode wherever it
 * is from. The one that counts comes last: `curl` (7.88) brings a cookie back from its jar where another follows it.
 */
export function droppedCookies(mode: AuthConfig["mode"], secure: boolean): readonly string[] {
  const names = mode === "open" ? [USER_ID_COOKIE] : [USER_ID_COOKIE, SESSION_COOKIE];
  return names.map((name) => `${name}=; ${FLAGS}; Max-Age=0${flag(secure)}`);
}

const flag = (secure: boolean): string => (secure ? "; Secure" : "");
