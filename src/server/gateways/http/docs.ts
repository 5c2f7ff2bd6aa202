/**
 * Stage 1, the HTTP door: `/openapi.json`, and `/docs`, a page to read it and try it out. Everything that the page loads
 * comes from this server.
 */
import swagger, { type StaticDocumentSpec } from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance, FastifyRequest } from "fastify";

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

/** Adds both. `guard` throws where somebody may not see them. */
export async function addDocs(
  app: FastifyInstance,
  document: Readonly<Record<string, unknown>>,
  guard: (request: FastifyRequest) => Promise<void>,
): Promise<void> {
  const text = JSON.stringify(document);
  app.get("/openapi.json", async (request, reply) => {
    await guard(request);
    return reply
      .headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" })
      .type("application/json; charset=utf-8")
      .send(text);
  });
  await app.register(swagger, {
    mode: "static",
    specification: { document: document as unknown as StaticDocumentSpec["document"] },
  });
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    staticCSP: POLICY,
    uiConfig: { tryItOutEnabled: false, displayRequestDuration: true },
    uiHooks: { onRequest: (request) => guard(request) },
  });
}
