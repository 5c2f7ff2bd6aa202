/**
 * The rooms file, read once at the start: which public rooms there are, in which order. Touches that one file.
 */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { RoomListing } from "../protocol/events.ts";
import { NAME_LENGTH_MAX } from "../protocol/limits.ts";
import { StartError } from "./start-error.ts";

/** Control characters, and those that turn the direction of text or can't be seen: a name must be what it looks like. */
const NOT_IN_NAMES = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

const roomsSchema = z.array(
  z.object(
    {
      name: z.string({ error: 'has no "name" that is text' }),
      description: z.string({ error: 'has no "description" that is text' }),
    },
    { error: 'is not an object with "name" and "description"' },
  ),
  { error: 'must be a JSON array of {"name", "description"}' },
);

/**
 * Reads the public rooms in the order of the file; names in NFC.
 * @throws StartError with one line that names the file, the room and what would be right.
 */
export async function readRoomsFile(path: string): Promise<readonly RoomListing[]> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path));
  } catch (error) {
    throw new StartError(`the rooms file ${path} can't be read (${reason(error)}); name another with --rooms FILE`, {
      cause: error,
    });
  }
  return checkRooms(text, path);
}

/** Checks the text of a rooms file; `path` only stands in the error. */
export function checkRooms(text: string, path: string): readonly RoomListing[] {
  const refuse = (what: string): StartError => new StartError(`the rooms file ${path} ${what}`);
  let tree: unknown;
  try {
    tree = JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message.replace(/\s+/g, " ") : String(error);
    throw refuse(`is not JSON: ${message}`);
  }
  const parsed = roomsSchema.safeParse(tree);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const index = issue?.path[0];
    const subject = typeof index === "number" ? `holds a wrong room: number ${index + 1} ` : "";
    throw refuse(`${subject}${issue?.message ?? "is wrong"}`);
  }
  const rooms = parsed.data.map(({ name, description }) => ({ name: name.normalize("NFC"), description }));
  const seen = new Map<string, number>();
  for (const [index, { name }] of rooms.entries()) {
    const subject = `holds a wrong room: number ${index + 1}`;
    // In UTF-16, as commands count it: a name that passed here and not there could never be joined.
    const { length } = name;
    if (name.trim() === "") throw refuse(`${subject} has an empty name`);
    if (length > NAME_LENGTH_MAX) {
      throw refuse(`${subject} has a name of ${length} characters; ${NAME_LENGTH_MAX} are allowed`);
    }
    if (NOT_IN_NAMES.test(name)) {
      throw refuse(`${subject} has a control or bidirectional character in its name ${JSON.stringify(name)}`);
    }
    const earlier = seen.get(name);
    if (earlier !== undefined) {
      throw refuse(`${subject} has the name ${JSON.stringify(name)} that number ${earlier} has already`);
    }
    seen.set(name, index + 1);
  }
  if (rooms.length === 0) throw refuse("holds no room; at least one is needed");
  return rooms;
}

function reason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  if (code === "EISDIR") return "it is a folder";
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return "it is not UTF-8";
  return error instanceof Error ? error.message : String(error);
}
