/**
 * Stage 1, the HTTP door: the public rooms of the rooms file, and who may not be in them.
 */
import { z } from "zod";
import { type Answer, type Ask, asWritten, done, ok } from "./ask.ts";
import type { HttpDoor } from "./door.ts";
import { check, text } from "./fields.ts";
import { type Call, PLAIN_NOTE } from "./route.ts";
import { banJson, banShape, listJson, roomJson, roomShape } from "./shapes.ts";
import { letIn } from "./users.ts";

/** Ten years. */
const SECONDS_MAX = 10 * 365 * 24 * 60 * 60;

const banned = z.object({
  type: z.enum(["user", "address"]),
  subject: text().min(1).max(64).describe("id of a user or guest, name of somebody present, or an address"),
});

const newBan = banned.extend({ seconds: z.int().min(1).max(SECONDS_MAX).describe("how long") });

/** `GET /rooms`: the public rooms. */
async function listRooms(door: HttpDoor, ask: Ask): Promise<Answer> {
  await letIn(door, ask);
  return ok(listJson(door.api.rooms(), roomJson));
}

/** `POST /rooms/{name}/bans`: keeps somebody out for a time. */
async function ban({ api }: HttpDoor, ask: Ask): Promise<Answer> {
  const { seconds, ...fields } = check(newBan, ask.body);
  return ok(banJson(await api.ban(await ask.actor(), roomOf(ask), { ...subjectOf(fields), seconds })), 201);
}

/** `DELETE /rooms/{name}/bans`: lets them in again. The fields stand in the query or in the body. */
async function unban({ api }: HttpDoor, ask: Ask): Promise<Answer> {
  const { type, subject } = subjectOf(check(banned, { ...ask.query, ...ask.body }));
  await api.unban(await ask.actor(), roomOf(ask), type, subject);
  return done;
}

/** `GET /rooms/{name}/bans`: who is kept out. */
async function listBans({ api }: HttpDoor, ask: Ask): Promise<Answer> {
  return ok(listJson(await api.bans(await ask.actor(), roomOf(ask)), banJson));
}

/** The room of a path: a name, or an id. */
const roomOf = (ask: Ask): string => asWritten(ask.param("name"));

/** Ids are written in small letters, however they come. */
function subjectOf({ type, subject }: z.output<typeof banned>): z.output<typeof banned> {
  return { type, subject: asWritten(subject) };
}

const errors = ["unknown_room", "forbidden"] as const;

/** The calls. */
export const roomCalls: readonly Call[] = [
  {
    method: "GET",
    path: "/rooms",
    listsMembers: false,
    handle: listRooms,
    note: {
      ...PLAIN_NOTE,
      summary: "The public rooms",
      group: "public rooms",
      answers: [{ status: 200, says: "in the order of the rooms file", json: z.array(roomShape) }],
    },
  },
  {
    method: "POST",
    path: "/rooms/:name/bans",
    listsMembers: false,
    handle: ban,
    note: {
      ...PLAIN_NOTE,
      summary: "Keep a user, guest or address out of a room for a time (admins)",
      group: "public rooms",
      body: newBan,
      answers: [{ status: 201, says: "the ban", json: banShape }],
      errors: [...errors, "unknown_user"],
    },
  },
  {
    method: "GET",
    path: "/rooms/:name/bans",
    listsMembers: false,
    handle: listBans,
    note: {
      ...PLAIN_NOTE,
      summary: "Who is kept out of a room (admins)",
      group: "public rooms",
      answers: [{ status: 200, says: "the bans that hold", json: z.array(banShape) }],
      errors,
    },
  },
  {
    method: "DELETE",
    path: "/rooms/:name/bans",
    listsMembers: false,
    handle: unban,
    note: {
      ...PLAIN_NOTE,
      summary: "Lift a ban (admins)",
      group: "public rooms",
      query: banned,
      answers: [{ status: 204, says: "they may come in", json: undefined }],
      errors: [...errors, "not_found", "unknown_user"],
    },
  },
];
