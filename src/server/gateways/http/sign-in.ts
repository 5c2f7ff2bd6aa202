/**
 * Stage 1, the HTTP door: signing in and out with a cookie. Answered as browsers' forms want it: `303` to `/`.
 */
import { z } from "zod";
import { CommandError } from "../../commands/command-error.ts";
import { type Answer, type Ask, done, seeOther } from "./ask.ts";
import { droppedCookies, signInCookie } from "./cookies.ts";
import type { HttpDoor } from "./door.ts";
import { check, text } from "./fields.ts";
import { type Call, PLAIN_NOTE } from "./route.ts";

const passwordFields = z.object({ current: text(), password: text().describe("the new one") });

const signInFields = z.object({
  username: text(),
  password: text().optional().describe("in mode `password`"),
  to: text().optional().describe("the path of a chat's page, to lead on to"),
});

/** `POST /login`: a cookie, and on to one's chats. */
async function signIn({ accounts }: HttpDoor, ask: Ask): Promise<Answer> {
  const { username, password, to } = check(signInFields, ask.body);
  const signedIn = await accounts.signIn({ name: username, password }, ask.address);
  // Comes from anybody: `/` leads on to pages of this server alone.
  const path = to === undefined ? "/" : `/?to=${encodeURIComponent(to)}`;
  return seeOther(path, [signInCookie(signedIn, ask.isSecure)]);
}

/** `GET /logout` and `POST /logout`: the sign-in ends, and the cookie goes, whether it was still good or not. */
async function signOut({ accounts, auth }: HttpDoor, ask: Ask): Promise<Answer> {
  const credential = await credentialOf(ask);
  // A token is revoked by its name; that a program drops it by a stray request would be a surprise.
  if (credential?.type === "sign_in") await accounts.signOut(credential);
  return seeOther("/", droppedCookies(auth.mode, ask.isSecure));
}

/** `PUT /me/password`: another password; everything else that was signed in with the old one ends. */
async function changePassword({ accounts }: HttpDoor, ask: Ask): Promise<Answer> {
  const { current, password } = check(passwordFields, ask.body);
  const { user, address } = await ask.actor();
  const signedIn = await accounts.changePassword(user, { current, next: password }, address);
  return { ...done, headers: { "set-cookie": signInCookie(signedIn, ask.isSecure) } };
}

async function credentialOf(ask: Ask) {
  try {
    return (await ask.signedIn())?.credential;
  } catch (error) {
    // What has ended already need not be ended.
    if (error instanceof CommandError && error.code === "unauthorized") return undefined;
    throw error;
  }
}

const signOutNote = {
  ...PLAIN_NOTE,
  summary: "Sign out",
  group: "people",
  answers: [{ status: 303, says: "to `/`, and the cookie goes", json: undefined }],
  isOpenToAll: true,
} as const;

/** The calls. */
export const signInCalls: readonly Call[] = [
  {
    method: "POST",
    path: "/login",
    listsMembers: false,
    handle: signIn,
    note: {
      ...PLAIN_NOTE,
      summary: "Sign in with a cookie",
      group: "people",
      body: signInFields,
      answers: [{ status: 303, says: "to `/`, or `/?to=…`, with the cookie", json: undefined }],
      errors: ["wrong_credentials", "too_many_sign_ins", "forbidden"],
      isOpenToAll: true,
    },
  },
  { method: "GET", path: "/logout", listsMembers: false, handle: signOut, note: signOutNote },
  { method: "POST", path: "/logout", listsMembers: false, handle: signOut, note: signOutNote },
  {
    method: "PUT",
    path: "/me/password",
    listsMembers: false,
    handle: changePassword,
    note: {
      ...PLAIN_NOTE,
      summary: "Change one's password; all other sign-ins and tokens end",
      group: "people",
      body: passwordFields,
      answers: [{ status: 204, says: "it is changed, and there is a new cookie", json: undefined }],
      errors: ["wrong_credentials", "too_many_sign_ins", "forbidden"],
    },
  },
];
