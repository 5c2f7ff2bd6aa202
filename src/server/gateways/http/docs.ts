/**
 * Stage 1, the HTTP door: `/openapi.json`, and `/docs`, a page to read it and try it out. Everything that the page loads
 * comes from this server. What makes the page is loaded when somebody first looks at it: few servers are ever asked, and
 * it would take as long to load as half of the rest.
 */
import type { RequestListener } from "node:http";
import type { StaticDocumentSpec } from "@fastify/swagger";
import { type FastifyInstance, type FastifyRequest, fastify } from "fastify";
import { CommandError } from "../../commands/command-error.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";
import { writeFailure } from "./answers.ts";

/** No script but ours. The page writes styles into its elements, so those can't be held to files. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const LOGO =
  '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="40"><text x="0" y="27" font-family="sans-serif" font-size="22" fill="#fff">Verbatim</text></svg>';

const PREFIX = "/docs";

/** Adds both. `guard` throws where somebody may not see them. */
export function addDocs(
  app: FastifyInstance,
  document: Readonly<Record<string, unknown>>,
  guard: (request: FastifyRequest) => Promise<void>,
  telemetry: Telemetry,
): void {
  const text = JSON.stringify(document);
  app.get("/openapi.json", async (request, reply) => {
    await guard(request);
    return reply
      .headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" })
      .type("application/json; charset=utf-8")
      .send(text);
  });
  let page: Promise<RequestListener> | undefined;
  for (const path of [PREFIX, `${PREFIX}/*`]) {
    app.get(path, async (request, reply) => {
      await guard(request);
      page ??= openPage(document, telemetry);
      const show = await page;
      const { raw } = reply.hijack();
      show(request.raw, raw);
    });
  }
}

/** The page and what it loads, as a server that does not listen. */
async function openPage(document: Readonly<Record<string, unknown>>, telemetry: Telemetry): Promise<RequestListener> {
  const { default: swagger } = await import("@fastify/swagger");
  const { default: swaggerUi } = await import("@fastify/swagger-ui");
  const app: FastifyInstance = fastify({ logger: false });
  app.addHook("onRequest", async (_request, reply) => {
    reply.header("x-content-type-options", "nosniff");
  });
  app.setNotFoundHandler((_request, reply) => {
    writeFailure(reply.hijack().raw, new CommandError("not_found", "there is no such part of the page"), telemetry);
  });
  app.setErrorHandler((error, _request, reply) => writeFailure(reply.hijack().raw, error, telemetry));
  await app.register(swagger, {
    mode: "static",
    specification: { document: document as unknown as StaticDocumentSpec["document"] },
  });
  await app.register(swaggerUi, {
    routePrefix: PREFIX,
    staticCSP: POLICY,
    uiConfig: { displayRequestDuration: true },
    theme: { title: "Verbatim: the HTTP API" },
    logo: { type: "image/svg+xml", content: Buffer.from(LOGO) },
  });
  await app.ready();
  return (request, response) => app.routing(request, response);
}
