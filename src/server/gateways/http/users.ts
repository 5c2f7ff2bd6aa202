/**
 * Stage 1, the HTTP door: people.
 */
import { z } from "zod";
import { CommandError } from "../../commands/command-error.ts";
import { type Answer, type Ask, asUuid, ok } from "./ask.ts";
import type { HttpDoor } from "./door.ts";
import { check, text } from "./fields.ts";
import { type Call, PLAIN_NOTE } from "./route.ts";
import { listJson, meJson, meShape, userJson, userShape } from "./shapes.ts";

const signUp = z.object({
  username: text().describe("1 to 64 characters, unique without regard to case"),
  password: text().optional().describe("in mode `password`"),
  invite: text().optional().describe("where accounts need one"),
});

const search = z.object({ name: text().max(256).describe("what the name begins with, without regard to case") });

/** `POST /users`: makes an account. */
async function createUser(door: HttpDoor, ask: Ask): Promise<Answer> {
  const { username, password, invite } = check(signUp, ask.body);
  const account = await door.accounts.create({ name: username, password, invite }, ask.address);
  return ok(userJson(account), 201, { location: `/users/${account.id}` });
}

/** `GET /users/{user_id}`: somebody. In open mode for everybody, else for whoever has an account. */
async function showUser(door: HttpDoor, ask: Ask): Promise<Answer> {
  await letIn(door, ask);
  const id = asUuid(ask.param("user_id"));
  const account = id === undefined ? undefined : await door.accounts.account(id);
  if (account === undefined) throw new CommandError("unknown_user", "there is no such user");
  return ok(userJson(account));
}

/** `GET /users?name=PREFIX`: people whose name begins so. */
async function searchUsers(door: HttpDoor, ask: Ask): Promise<Answer> {
  await letIn(door, ask);
  const { name } = check(search, ask.query);
  return ok(listJson(await door.accounts.search(name), userJson));
}

/** `GET /me`: oneself. */
async function showMe(door: HttpDoor, ask: Ask): Promise<Answer> {
  const { user } = await ask.actor();
  const account = await door.accounts.account(user.id);
  if (account === undefined) throw new CommandError("unknown_user", "you have no account here");
  return ok(meJson(account, user.isAdmin));
}

/** What everybody may see in open mode is for those with a credential elsewhere. */
export async function letIn(door: HttpDoor, ask: Ask): Promise<void> {
  if (door.auth.mode === "open") await ask.visitor();
  else await ask.actor();
}

/** The calls. */
export const userCalls: readonly Call[] = [
  {
    method: "POST",
    path: "/users",
    listsMembers: false,
    handle: createUser,
    note: {
      ...PLAIN_NOTE,
      summary: "Make an account",
      group: "people",
      body: signUp,
      answers: [{ status: 201, says: "the account", json: userShape }],
      errors: ["name_taken", "sign_up_closed", "too_fast"],
      isOpenToAll: true,
    },
  },
  {
    method: "GET",
    path: "/users/:user_id",
    listsMembers: false,
    handle: showUser,
    note: {
      ...PLAIN_NOTE,
      summary: "Somebody",
      group: "people",
      answers: [{ status: 200, says: "the user", json: userShape }],
      errors: ["unknown_user"],
    },
  },
  {
    method: "GET",
    path: "/users",
    listsMembers: false,
    handle: searchUsers,
    note: {
      ...PLAIN_NOTE,
      summary: "People whose name begins so, 20 at most",
      group: "people",
      query: search,
      answers: [{ status: 200, says: "the users, ascending by name", json: z.array(userShape) }],
    },
  },
  {
    method: "GET",
    path: "/me",
    listsMembers: false,
    handle: showMe,
    note: {
      ...PLAIN_NOTE,
      summary: "Oneself",
      group: "people",
      answers: [{ status: 200, says: "the user who asks", json: meShape }],
      errors: ["unknown_user"],
    },
  },
];
