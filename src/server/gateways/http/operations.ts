/**
 * Stage 1, the HTTP door: health, readiness and metrics, for whoever runs the server. Where people sign in they are for
 * admins, but for the one word that a load balancer asks for; on an address of their own they are for whoever reaches it.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { HttpDoor, Readiness } from "./door.ts";
import { type CallNote, PLAIN_NOTE } from "./route.ts";

/** What the calls need. */
export type OperationsDoor = Pick<HttpDoor, "telemetry" | "readiness">;

/** Whether a request may see how the server fares; it throws where that is asked of somebody who did not say who they are. */
export type MaySee = (request: FastifyRequest) => Promise<boolean>;

/** Adds the calls. `guard` throws where somebody may not see the metrics; `maySee` says who is told the details. */
export function addOperations(
  server: FastifyInstance,
  door: OperationsDoor,
  guard: (request: FastifyRequest) => Promise<void>,
  maySee: MaySee,
): void {
  const { telemetry } = door;
  server.get("/healthz", async (_request, reply) => sendJson(reply, 200, { status: "ok" }));
  server.get("/readyz", async (request, reply) => {
    const { ready, checks } = await look(door);
    const status = ready ? "ready" : "not ready";
    return sendJson(reply, ready ? 200 : 503, (await maySee(request)) ? { status, checks } : { status });
  });
  server.get("/metrics", async (request, reply) => {
    await guard(request);
    return reply
      .headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" })
      .type(telemetry.contentType)
      .send(await telemetry.render());
  });
}

/** A readiness that can't be found out is not ready. */
async function look({ readiness, telemetry }: OperationsDoor): Promise<Readiness> {
  try {
    return await readiness();
  } catch (error) {
    telemetry.internalError("readiness", error);
    return { ready: false, checks: { readiness: { ok: false, detail: "could not be found out; see the log" } } };
  }
}

function sendJson(reply: FastifyReply, status: number, value: unknown): FastifyReply {
  return reply
    .code(status)
    .headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" })
    .type("application/json; charset=utf-8")
    .send(JSON.stringify(value));
}

const check = z.object({ ok: z.boolean(), detail: z.string() });
const readiness = z.object({
  status: z.enum(["ready", "not ready"]),
  checks: z.record(z.string(), check).optional().describe("for admins, and in open mode"),
});

/** What documentation says of them. */
export const operationNotes: Readonly<Record<string, CallNote>> = {
  "/healthz": {
    ...PLAIN_NOTE,
    summary: "Whether the process lives",
    group: "operations",
    answers: [{ status: 200, says: "it does", json: z.object({ status: z.literal("ok") }) }],
    isOpenToAll: true,
  },
  "/readyz": {
    ...PLAIN_NOTE,
    summary: "Whether log and store are reachable and the lag is bounded",
    group: "operations",
    answers: [
      { status: 200, says: "they are", json: readiness },
      { status: 503, says: "they are not", json: readiness },
    ],
    isOpenToAll: true,
  },
  "/metrics": {
    ...PLAIN_NOTE,
    summary: "Metrics in the text format of Prometheus (admins)",
    group: "operations",
    answers: [{ status: 200, says: "the metrics", json: undefined }],
    errors: ["forbidden"],
  },
};
