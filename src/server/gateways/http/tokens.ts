/**
 * Stage 1, the HTTP door: tokens, by which programs sign in at every door.
 */
import { z } from "zod";
import { CommandError } from "../../commands/command-error.ts";
import { type Answer, type Ask, asUuid, done, ok } from "./ask.ts";
import type { HttpDoor } from "./door.ts";
import { check, text } from "./fields.ts";
import { type Call, PLAIN_NOTE } from "./route.ts";
import { listJson, newTokenShape, tokenJson, tokenShape } from "./shapes.ts";

const SECOND_MS = 1000;
/** A hundred years. */
const SECONDS_MAX = 100 * 365 * 24 * 60 * 60;

const newToken = z.object({
  label: text().max(64).optional().describe("what to call it"),
  expires_in: z
    .int()
    .min(1)
    .max(SECONDS_MAX)
    .optional()
    .describe("how long it is good, in seconds; for ever if missing"),
});

/** `POST /tokens`: a new token, whose secret is told this once. */
async function createToken({ accounts }: HttpDoor, ask: Ask): Promise<Answer> {
  const { label, expires_in: seconds } = check(newToken, ask.body);
  const { user } = await ask.actor();
  const goodForMs = seconds === undefined ? undefined : seconds * SECOND_MS;
  const { token, info } = await accounts.createToken(user, label ?? "", goodForMs);
  return ok(`{"token":${JSON.stringify(token)},${tokenJson(info).slice(1)}`, 201);
}

/** `GET /tokens`: one's tokens. */
async function listTokens({ accounts }: HttpDoor, ask: Ask): Promise<Answer> {
  const { user } = await ask.actor();
  return ok(listJson(await accounts.tokens(user), tokenJson));
}

/** `DELETE /tokens/{token_id}`: what was signed in with it ends within a second. */
async function revokeToken({ accounts }: HttpDoor, ask: Ask): Promise<Answer> {
  const { user } = await ask.actor();
  const id = asUuid(ask.param("token_id"));
  if (id === undefined) throw new CommandError("unknown_token", "you have no such token");
  await accounts.revokeToken(user, id);
  return done;
}

/** The calls. */
export const tokenCalls: readonly Call[] = [
  {
    method: "POST",
    path: "/tokens",
    listsMembers: false,
    handle: createToken,
    note: {
      ...PLAIN_NOTE,
      summary: "Make a token for a program",
      group: "tokens",
      body: newToken,
      answers: [{ status: 201, says: "the token, told this once", json: newTokenShape }],
      errors: ["forbidden", "too_many_tokens"],
    },
  },
  {
    method: "GET",
    path: "/tokens",
    listsMembers: false,
    handle: listTokens,
    note: {
      ...PLAIN_NOTE,
      summary: "One's tokens",
      group: "tokens",
      answers: [{ status: 200, says: "without their secrets", json: z.array(tokenShape) }],
    },
  },
  {
    method: "DELETE",
    path: "/tokens/:token_id",
    listsMembers: false,
    handle: revokeToken,
    note: {
      ...PLAIN_NOTE,
      summary: "Revoke a token",
      group: "tokens",
      answers: [{ status: 204, says: "it is good no longer", json: undefined }],
      errors: ["unknown_token"],
    },
  },
];
