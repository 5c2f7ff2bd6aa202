/**
 * Stage 1, the HTTP door: one call of the API: where it is, what it takes, what it answers, and the function that
 * carries it out. The table of all calls is what is registered and what OpenAPI is made from.
 */
import type { z } from "zod";
import type { ErrorName } from "../../../protocol/error-codes.ts";
import type { Answer, Ask } from "./ask.ts";
import type { HttpDoor } from "./door.ts";

/** What a call answers where it succeeds. */
export interface AnswerNote {
  readonly status: number;
  readonly says: string;
  /** The shape of its JSON; `undefined` = it has no body. */
  readonly json: z.ZodType | undefined;
}

/** A header that a call reads. */
export interface HeaderNote {
  readonly name: string;
  readonly says: string;
}

/** What documentation says of a call. */
export interface CallNote {
  readonly summary: string;
  readonly group: "people" | "chats" | "messages" | "public rooms" | "tokens" | "operations";
  /** What stands in the query, and in the body. */
  readonly query: z.ZodObject | undefined;
  readonly body: z.ZodObject | undefined;
  readonly headers: readonly HeaderNote[];
  readonly answers: readonly AnswerNote[];
  /** What can be wrong with it, beside what can be wrong with any request. */
  readonly errors: readonly ErrorName[];
  /** Whether it can be asked without saying who one is, outside open mode. */
  readonly isOpenToAll: boolean;
}

/** A call. */
export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** `/chats/:chat_id`: a name after a colon stands for one part of the path. */
  readonly path: string;
  readonly note: CallNote;
  /** Whether its body may be as long as a list of members. */
  readonly listsMembers: boolean;
  readonly handle: (door: HttpDoor, ask: Ask) => Promise<Answer>;
}

/** What a note says unless told otherwise. */
export const PLAIN_NOTE = {
  query: undefined,
  body: undefined,
  headers: [],
  errors: [],
  isOpenToAll: false,
} as const satisfies Partial<CallNote>;
