/**
 * Stage 1, the HTTP door: Fastify as we use it: it finds the route and reads the body; what comes in is checked, and what
 * goes out is written, by ourselves.
 */
import type { RequestListener, Server } from "node:http";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import type { Limits } from "../../../protocol/limits.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";
import { writeFailure } from "./answers.ts";
import { bodyType, parseBody } from "./body.ts";
import { pathOf } from "./gate.ts";
import { refuseRequest } from "./node-server.ts";
import { type Problem, problem, problemHeaders, problemOf, serverFault } from "./problem.ts";

/** A room's name is a part of a path, and each of its characters may take up to nine there. */
const PATH_PART_LENGTH_MAX = 1024;

/** What a path can be asked by, for the answer to a method that it can't. */
export interface KnownRoute {
  readonly method: string;
  readonly path: string;
}

/**
 * Makes an instance without routes. `makeServer` gets what is to be done with each request. `others` = routes that are
 * answered before Fastify sees them.
 */
export function createApp(
  options: { readonly limits: Pick<Limits, "bodyBytesMax">; readonly telemetry: Telemetry },
  makeServer: (handle: RequestListener) => Server,
  others: readonly KnownRoute[],
): FastifyInstance {
  const { telemetry } = options;
  const known = [...others];
  const app: FastifyInstance = fastify({
    logger: false,
    bodyLimit: options.limits.bodyBytesMax,
    routerOptions: { maxParamLength: PATH_PART_LENGTH_MAX },
    serverFactory: (handle) => makeServer(handle),
    clientErrorHandler: refuseRequest,
    frameworkErrors: (error, _request, reply) => {
      sendProblem(reply, problemOf(error) ?? serverFault());
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (request, body, done) => {
    try {
      done(null, parseBody(bodyType(request.headers["content-type"]), body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
  app.addHook("onRoute", ({ method, url }) => {
    for (const one of typeof method === "string" ? [method] : method) known.push({ method: one, path: url });
  });
  app.setNotFoundHandler((request, reply) => sendProblem(reply, nothingThere(request, reply, known)));
  // Without the `Connection: close` that Fastify has set by now: what still comes of a body is read and thrown away, for
  // to close at once could lose the answer.
  app.setErrorHandler((error, _request, reply) => writeFailure(reply.hijack().raw, error, telemetry));
  return app;
}

/** Sends a problem. */
function sendProblem(reply: FastifyReply, body: Problem): void {
  reply
    .code(body.status)
    .headers({ ...problemHeaders(body), "cache-control": "no-store", "x-content-type-options": "nosniff" })
    .send(JSON.stringify(body));
}

function nothingThere({ raw }: FastifyRequest, reply: FastifyReply, known: readonly KnownRoute[]): Problem {
  const path = pathOf(raw.url ?? "");
  const methods = new Set(known.filter((route) => matches(route.path, path)).map(({ method }) => method));
  if (methods.size === 0) return problem("not_found", "there is nothing here; /docs says what there is");
  const allowed = [...methods].sort().join(", ");
  reply.header("allow", allowed);
  return problem("method_not_allowed", `${raw.method} is not possible here, but ${allowed}`);
}

/** Whether a path is one of `/chats/:chat_id` or `/docs/*`. */
function matches(route: string, path: string): boolean {
  const wanted = route.split("/");
  const parts = path.split("/");
  const isOpen = wanted.at(-1) === "*";
  if (isOpen ? parts.length < wanted.length : parts.length !== wanted.length) return false;
  return wanted.every((part, index) => {
    if (part === "*") return true;
    return part.startsWith(":") ? parts[index] !== "" : part === parts[index];
  });
}
