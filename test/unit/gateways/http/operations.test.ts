/** Health, readiness and metrics on an address of their own, where nobody is asked who they are. */
import { afterEach, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../../../src/protocol/limits.ts";
import { openOperationsServer } from "../../../../src/server/gateways/http/operations-server.ts";
import { StartError } from "../../../../src/server/start-error.ts";
import { silentTelemetry } from "../../../../src/server/telemetry/create-telemetry.ts";
import { ask } from "../../../support/http-client.ts";

const closings: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, { readonly ok: boolean; readonly detail: string }>>;
}

const READY: Readiness = { ready: true, checks: {} };

async function open(readiness: () => Promise<Readiness> = async () => READY, host = "127.0.0.1", port = 0) {
  const server = await openOperationsServer({
    listen: { host, port },
    origins: ["http://verbatim.internal:9100"],
    limits: DEFAULT_LIMITS,
    door: { telemetry: silentTelemetry(), readiness },
  });
  closings.push(() => server.close());
  return server.listen.port;
}

describe("an address for operations", () => {
  it("says that the process is alive", async () => {
    const { status, body, headers } = await ask(await open(), "/healthz");
    expect([status, body]).toEqual([200, '{"status":"ok"}']);
    expect(headers["cache-control"]).toBe("no-store");
  });

  it("names each check of readiness, with 503 where one fails", async () => {
    const checks = { log: { ok: true, detail: "writable" }, lag: { ok: false, detail: "12345 records" } };
    let ready = false;
    const port = await open(async () => ({ ready, checks }));
    const not = await ask(port, "/readyz");
    expect(not.status).toBe(503);
    expect(not.json()).toEqual({ status: "not ready", checks });
    ready = true;
    expect((await ask(port, "/readyz")).status).toBe(200);
  });

  it("is not ready where readiness can't be found out", async () => {
    const port = await open(() => Promise.reject(new Error("no idea")));
    const { status, body } = await ask(port, "/readyz");
    expect(status).toBe(503);
    expect(body).not.toContain("no idea");
  });

  it("gives the metrics as Prometheus text, and the documentation", async () => {
    const port = await open();
    const { status, body, headers } = await ask(port, "/metrics");
    expect(status).toBe(200);
    expect(headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(body).toContain("\nactive_websocket_users 0\n");
    expect((await ask(port, "/openapi.json")).json()["openapi"]).toBe("3.1.0");
    expect((await ask(port, "/docs")).body).toContain("swagger-ui");
  });

  it("has nothing else, and takes nothing", async () => {
    const port = await open();
    for (const path of ["/", "/users", "/chats", "/dashboard"]) {
      const answer = await ask(port, path);
      expect([path, answer.status, answer.json()["code"]]).toEqual([path, 404, "not_found"]);
    }
    const post = await ask(port, "/metrics", { method: "POST" });
    expect([post.status, post.headers["allow"]]).toEqual([405, "GET, HEAD"]);
  });

  it("turns away a Host that is not this server, and pages of others", async () => {
    const port = await open();
    const status = async (headers: Record<string, string>) => (await ask(port, "/metrics", { headers })).status;
    expect(await status({ host: `localhost:${port}` })).toBe(200);
    expect(await status({ host: "verbatim.internal:9100" })).toBe(200);
    expect(await status({ host: `rebound.example:${port}` })).toBe(403);
    expect(await status({ host: `localhost:${port}`, origin: "http://other.example" })).toBe(403);
    expect(await status({ host: `localhost:${port}`, "sec-fetch-site": "cross-site" })).toBe(403);
    const everywhere = await open(undefined, "0.0.0.0");
    expect((await ask(everywhere, "/metrics", { headers: { host: "10.1.2.3:9100" } })).status).toBe(200);
    expect((await ask(everywhere, "/metrics", { headers: { host: "rebound.example" } })).status).toBe(403);
  });

  it("STOP-1 names the flag where the port is in use", async () => {
    const port = await open();
    const second = open(undefined, "127.0.0.1", port);
    await expect(second).rejects.toThrow(
      `--ops: 127.0.0.1:${port} is in use by another program; stop it or choose another with --ops HOST:PORT`,
    );
    await expect(second).rejects.toBeInstanceOf(StartError);
  });
});
