/**
 * Stage 1, the HTTP door: the OpenAPI document, made from the table of calls and their schemas, so that it can't say
 * something else than what is served. Pure.
 */
import { z } from "zod";
import { ERROR_CODES, type ErrorName } from "../../../protocol/error-codes.ts";
import { pathParameters } from "./path-parameters.ts";
import type { CallNote } from "./route.ts";
import { problemShape } from "./shapes.ts";

/** Where a call is, and what is said of it. */
export interface NotedCall {
  readonly method: string;
  readonly path: string;
  readonly note: CallNote;
}

/** The version of the API. */
const API_VERSION = "1";

type Json = Readonly<Record<string, unknown>>;

/** What can be wrong with any request. */
const ALWAYS: readonly ErrorName[] = ["wrong_origin", "unavailable", "internal", "going_away"];
const WITH_FIELDS: readonly ErrorName[] = ["bad_field"];
const WITH_BODY: readonly ErrorName[] = [
  "bad_utf8",
  "bad_json",
  "bad_field",
  "body_too_large",
  "unsupported_media_type",
];

/** The document. */
export function openApi(calls: readonly NotedCall[]): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const { method, path, note } of calls) {
    const here = path.replace(/:(\w+)/g, "{$1}");
    paths[here] = { ...paths[here], [method.toLowerCase()]: operation(method, path, note) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Verbatim",
      version: API_VERSION,
      description:
        "A chat server: every acknowledged word is kept, in one order, and reaches every device that should see it, once. Bodies are forms or JSON with the same names. Errors are `application/problem+json` with a stable `code`.",
      license: { name: "MIT", identifier: "MIT" },
    },
    paths,
    components: {
      schemas: { Problem: schema(problemShape, "output") },
      securitySchemes: {
        userId: { type: "apiKey", in: "cookie", name: "user_id", description: "in open mode: who one is" },
        session: { type: "apiKey", in: "cookie", name: "verbatim_session", description: "after signing in" },
        token: {
          type: "http",
          scheme: "bearer",
          description: "a token of `POST /tokens`, or of the identity provider",
        },
      },
    },
  };
}

function operation(method: string, path: string, note: CallNote): Json {
  const parameters = [...pathParameters(path), ...queryParameters(note), ...headerParameters(note)];
  const answers: Record<string, unknown> = {};
  for (const { status, says, json } of note.answers) {
    const content = json === undefined ? {} : { content: { "application/json": { schema: schema(json, "output") } } };
    answers[status] = { description: says, ...content };
  }
  return {
    summary: note.summary,
    operationId: operationId(method, path),
    tags: [note.group],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(note.body === undefined ? {} : { requestBody: requestBody(note.body) }),
    responses: { ...answers, ...problems(note) },
    security: [{ userId: [] }, { session: [] }, { token: [] }, ...(note.isOpenToAll ? [{}] : [])],
  };
}

/** `POST /chats/:chat_id/members` → `post_chats_chat_id_members`. */
const operationId = (method: string, path: string): string =>
  `${method.toLowerCase()}${path.replace(/[^a-z_]+/g, "_").replace(/_$/, "")}`;

function requestBody(body: z.ZodObject): Json {
  const content = { schema: schema(body, "input") };
  const required = Object.values(body.shape).some((type) => !(type instanceof z.ZodOptional));
  return { required, content: { "application/x-www-form-urlencoded": content, "application/json": content } };
}

function queryParameters({ query }: CallNote): readonly Json[] {
  return Object.entries(query?.shape ?? {}).map(([name, type]) => {
    const { description, ...rest } = schema(type as z.ZodType, "input");
    return { name, in: "query", required: !(type instanceof z.ZodOptional), description, schema: rest };
  });
}

function headerParameters({ headers }: CallNote): readonly Json[] {
  return headers.map(({ name, says }) => ({ name, in: "header", description: says, schema: { type: "string" } }));
}

/** One answer for each status, with the codes that come with it. */
function problems(note: CallNote): Json {
  const { errors, body, query, isOpenToAll } = note;
  const codes = new Set([
    ...errors,
    ...ALWAYS,
    ...(query === undefined ? [] : WITH_FIELDS),
    ...(body === undefined ? [] : WITH_BODY),
    ...(isOpenToAll ? [] : (["unauthorized"] as const)),
  ]);
  const byStatus: Record<string, string[]> = {};
  for (const code of codes) {
    const { status, meaning } = ERROR_CODES[code];
    byStatus[status] = [...(byStatus[status] ?? []), `\`${code}\`: ${meaning}`];
  }
  // A status that the call itself has an answer with keeps that.
  for (const { status } of note.answers) delete byStatus[status];
  const content = { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } };
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, says]) => [status, { description: says.join("\n\n"), content }]),
  );
}

/** A schema, without the patterns that a format says in a word, and open to fields that are added later. */
function schema(type: z.ZodType, io: "input" | "output"): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(type, {
    io,
    override: ({ jsonSchema }) => {
      if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  return rest;
}
