/**
 * Stage 1, the HTTP door: what the parts of a path are that change from call to call. Pure.
 */

const UUID = { type: "string", format: "uuid" };

/** Name in the path → what it is. */
const PARAMETERS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  user_id: { description: "the id of a user", schema: UUID },
  chat_id: { description: "the id of a chat or public room, or the name of a public room", schema: { type: "string" } },
  message_id: { description: "the id of a message", schema: UUID },
  token_id: { description: "the id of a token", schema: UUID },
  name: { description: "the name of a public room, or its id", schema: { type: "string" } },
};

/** The parameters of a path like `/chats/:chat_id`, as OpenAPI has them. */
export function pathParameters(path: string): readonly Readonly<Record<string, unknown>>[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = ""]) => ({
    ...{ name, in: "path", required: true },
    ...(PARAMETERS[name] ?? { schema: { type: "string" } }),
  }));
}
