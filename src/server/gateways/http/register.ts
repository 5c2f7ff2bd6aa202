/**
 * Stage 1, the HTTP door: puts the calls of the table, and those that are none, on Fastify.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { CommandError } from "../../commands/command-error.ts";
import { writeAnswer, writeFailure } from "./answers.ts";
import { Ask } from "./ask.ts";
import { calls, EVENTS_PATH } from "./calls.ts";
import type { HttpDoor } from "./door.ts";
import type { EventStreams } from "./events.ts";
import { type Fields, NO_FIELDS } from "./fields.ts";
import type { Visitors } from "./visitors.ts";
import { webSocketNotes } from "./web-socket-notes.ts";

/** Answers a sign-in that a browser's form asked for and that failed, with a page; `asked` = the form. */
export type RefuseSignIn = (reply: FastifyReply, asked: Fields, error: unknown) => void;

/** Adds all of them. */
export function addCalls(
  app: FastifyInstance,
  door: HttpDoor,
  parts: { readonly visitors: Visitors; readonly streams: EventStreams; readonly refuseSignIn: RefuseSignIn },
): void {
  const { visitors, streams, refuseSignIn } = parts;
  const { limits, telemetry } = door;
  for (const { method, path, handle, listsMembers } of calls) {
    app.route({
      method,
      url: path,
      bodyLimit: listsMembers ? limits.membersBodyBytesMax : limits.bodyBytesMax,
      handler: (request, reply) => {
        const ask = askOf(visitors, request);
        handle(door, ask).then(
          (answer) => writeAnswer(reply.hijack().raw, answer),
          (error: unknown) => {
            if (path === "/login" && isFromPage(request)) refuseSignIn(reply, ask.body, error);
            else writeFailure(reply.hijack().raw, error, telemetry);
          },
        );
      },
    });
  }
  app.route({
    method: "GET",
    url: EVENTS_PATH,
    // What never ends has no headers to look at beforehand.
    exposeHeadRoute: false,
    handler: (request, reply) => {
      const { raw } = reply.hijack();
      streams
        .open(askOf(visitors, request), request.raw, raw)
        .catch((error: unknown) => writeFailure(raw, error, telemetry));
    },
  });
  for (const path of Object.keys(webSocketNotes)) {
    app.get(path, async () => {
      throw new CommandError("bad_request", "this address speaks WebSocket: ask for an upgrade");
    });
  }
}

/** A request as the calls see it. */
export function askOf(visitors: Visitors, { raw, params, query, body }: FastifyRequest): Ask {
  return new Ask(visitors, raw, {
    params: params as Readonly<Record<string, string>>,
    query: query as Fields,
    body: (body as Fields | null | undefined) ?? NO_FIELDS,
  });
}

/** A browser that sends a form says that it would like a page; programs say so only where they mean it. */
const isFromPage = ({ headers }: FastifyRequest): boolean => headers.accept?.includes("text/html") === true;
