/**
 * Who is who over HTTP where people sign in: cookies and their flags, tokens, what ends when, and what is for admins.
 */
import { request } from "node:https";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { makeCertificate } from "../support/certificate.ts";
import { EventSourceClient } from "../support/event-source.ts";
import { ask, type HttpAnswer } from "../support/http-client.ts";
import { HttpPerson } from "../support/http-people.ts";
import { type HttpServer, type HttpServerOptions, startHttpServer } from "../support/http-server.ts";
import { until } from "../support/until.ts";

const PASSWORD = "correct horse battery";
const started: HttpServer[] = [];

async function start(options: HttpServerOptions = {}): Promise<HttpServer> {
  const server = await startHttpServer({ auth: { mode: "password", guests: false }, ...options });
  started.push(server);
  return server;
}

afterEach(async () => {
  for (const one of started.splice(0)) await one.stop();
});

const codeOf = ({ status, json }: HttpAnswer): string => `${status} ${json()["code"]}`;
const signIn = (port: number, username: string, password: string, headers: Record<string, string> = {}) =>
  ask(port, "/login", { form: { username, password }, headers });

describe("in mode password", () => {
  let server: HttpServer;
  let port: number;
  let alice: HttpPerson;
  let bob: HttpPerson;

  beforeAll(async () => {
    server = await startHttpServer({ auth: { mode: "password", guests: false } });
    port = server.port;
    alice = await HttpPerson.password(port, "alice", PASSWORD);
    bob = await HttpPerson.password(port, "bob", PASSWORD);
  });

  afterAll(() => server.stop());

  it("signing in gives a cookie that says nothing of who it is, which no script reads", async () => {
    const { status, headers } = await signIn(port, "Alice", PASSWORD);
    expect([status, headers.location]).toEqual([303, "/"]);
    expect(headers["set-cookie"]).toEqual([
      expect.stringMatching(
        /^verbatim_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Expires=\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/,
      ),
    ]);
    expect((await alice.ask("/me")).json()["username"]).toBe("alice");
  });

  it("the cookie user_id, sender_id and nothing at all mean nobody", async () => {
    const chat = await alice.chat("private", bob);
    const cookie = { cookie: `user_id=${alice.id}` };
    for (const [path, asked] of [
      ["/me", { headers: cookie }],
      [`/chats/${chat}`, { headers: cookie }],
      [`/chats/${chat}`, {}],
      [`/chats/${chat}/messages`, {}],
      [`/chats/${chat}/messages`, { form: { content: "hi", sender_id: alice.id } }],
      [`/chats/${chat}/events`, { headers: cookie }],
      ["/chats", { form: { name: "x", members: alice.id } }],
      ["/chats", { headers: cookie }],
      [`/users/${alice.id}`, {}],
      ["/users?name=a", {}],
      ["/rooms", {}],
      ["/tokens", { headers: cookie }],
      ["/me", { headers: { authorization: `Bearer ${alice.id}` } }],
      ["/me", { headers: { authorization: "Basic YWxpY2U6eA==" } }],
      ["/me", { headers: { cookie: "verbatim_session=forged" } }],
      // What was shown and is no good is not passed over for a cookie that is.
      ["/me", { headers: { ...alice.headers, authorization: "Bearer a b" } }],
      ["/me", { headers: { ...alice.headers, authorization: "Bearer" } }],
    ] as const) {
      const answer = await ask(port, path, asked);
      expect([path, codeOf(answer), answer.headers["www-authenticate"]]).toEqual([path, "401 unauthorized", "Bearer"]);
    }
  });

  it("a wrong password and a name that nobody has are answered alike", async () => {
    const wrong = await signIn(port, "bob", "a wrong password");
    const nobody = await signIn(port, "nobody", "a wrong password");
    expect([codeOf(wrong), wrong.body]).toEqual(["401 wrong_credentials", nobody.body]);
    expect(wrong.headers["set-cookie"]).toBeUndefined();
  });

  it("a form of a browser that failed gets the page again, with the name and no password", async () => {
    const { status, headers, body } = await signIn(port, 'eve"><script>', PASSWORD, { accept: "text/html,*/*;q=0.8" });
    expect([status, headers["content-type"]]).toEqual([401, "text/html; charset=utf-8"]);
    expect(body).toContain("eve&quot;&gt;&lt;script&gt;");
    expect(body).not.toContain(PASSWORD);
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
  });

  it("signing out ends what the cookie could do, everywhere, and takes it away", async () => {
    const carol = await HttpPerson.password(port, "carol", PASSWORD);
    const chat = await carol.chat("soon gone", bob);
    const stream = await new EventSourceClient(port, `/chats/${chat}/events`, carol.headers).answered();
    expect(stream.status).toBe(200);
    const { status, headers } = await carol.ask("/logout", { method: "POST" });
    expect([status, headers.location]).toEqual([303, "/"]);
    expect(headers["set-cookie"]).toEqual([
      "user_id=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0",
      "verbatim_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0",
    ]);
    expect(codeOf(await carol.ask("/me"))).toBe("401 unauthorized");
    await stream.over();
    expect(stream.events.at(-1)?.data).toMatchObject({ _et: "error", code: "signed_out" });
    expect((await carol.ask("/logout")).status).toBe(303);
  });

  it("a revoked token ends what was signed in with it; signing out with one does nothing", async () => {
    const made = (await bob.ask("/tokens", { form: { label: "bot" } })).json<{ token: string; token_id: string }>();
    const headers = { authorization: `Bearer ${made.token}` };
    expect((await ask(port, "/logout", { method: "POST", headers })).status).toBe(303);
    expect((await ask(port, "/me", { headers })).json()["username"]).toBe("bob");
    const chat = await bob.chat("bots");
    const stream = await new EventSourceClient(port, `/chats/${chat}/events`, headers).answered();
    await bob.ask(`/tokens/${made.token_id}`, { method: "DELETE" });
    await stream.over();
    expect(codeOf(await ask(port, "/me", { headers }))).toBe("401 unauthorized");
  });

  it("another password ends all other sign-ins", async () => {
    const dave = await HttpPerson.password(port, "dave", PASSWORD);
    const next = "a better password";
    const wrong = await dave.ask("/me/password", { method: "PUT", form: { current: "no", password: next } });
    expect(codeOf(wrong)).toBe("401 wrong_credentials");
    const done = await dave.ask("/me/password", { method: "PUT", form: { current: PASSWORD, password: next } });
    expect([done.status, done.headers["set-cookie"]?.[0]]).toEqual([204, expect.stringMatching(/^verbatim_session=/)]);
    expect(codeOf(await dave.ask("/me"))).toBe("401 unauthorized");
    const cookie = done.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
    expect((await ask(port, "/me", { headers: { cookie } })).status).toBe(200);
    expect(codeOf(await signIn(port, "dave", PASSWORD))).toBe("401 wrong_credentials");
    expect((await signIn(port, "dave", next)).status).toBe(303);
  });

  it("metrics, docs and the details of readiness are for admins", async () => {
    for (const path of ["/metrics", "/docs", "/docs/json", "/docs/yaml", "/openapi.json"]) {
      expect([path, codeOf(await ask(port, path))]).toEqual([path, "401 unauthorized"]);
      expect([path, codeOf(await bob.ask(path))]).toEqual([path, "403 forbidden"]);
    }
    expect((await ask(port, "/healthz")).body).toBe('{"status":"ok"}');
    expect((await ask(port, "/readyz")).body).toBe('{"status":"ready"}');
    await server.directory.changeAccount(bob.id, { isAdmin: true }, Date.now());
    await until(
      5000,
      () => "an admin",
      async () => ((await bob.ask("/metrics")).status === 200 ? true : undefined),
    );
    for (const path of ["/docs", "/openapi.json"]) expect((await bob.ask(path)).status).toBe(200);
    expect((await bob.ask("/readyz")).json()).toMatchObject({ status: "ready", checks: { log: { ok: true } } });
  });
});

describe("guessing", () => {
  it("is answered no more after a while, and when to come back is said", async () => {
    const { port } = await start();
    let last: HttpAnswer | undefined;
    for (let i = 0; i < 12; i++) last = await signIn(port, "alice", `guess ${i}`);
    expect(last === undefined ? "" : codeOf(last)).toBe("429 too_many_sign_ins");
    expect(last?.json()["detail"]).toContain(`${last?.headers["retry-after"]} s`);
  });
});

describe("signing up", () => {
  it("may be closed, or need a password", async () => {
    const closed = await start({ auth: { mode: "password", guests: false, signUp: "closed" } });
    const form = { username: "alice", password: PASSWORD };
    expect(codeOf(await ask(closed.port, "/users", { form }))).toBe("403 sign_up_closed");
    const open = await start();
    expect(codeOf(await ask(open.port, "/users", { form: { username: "alice" } }))).toBe("400 bad_field");
    expect(codeOf(await ask(open.port, "/users", { form: { username: "alice", password: "short" } }))).toBe(
      "400 bad_field",
    );
    expect((await ask(open.port, "/users", { form })).body).not.toContain("argon");
  });
});

describe("behind a proxy", () => {
  const throttled = async (port: number, address: string, name: string): Promise<boolean> => {
    const answer = await signIn(port, name, "wrong password", { "x-forwarded-for": address });
    return answer.status === 429;
  };

  it("only one that is trusted says whose address it is, and whether cookies are Secure", async () => {
    const trusted = await start({ trustProxy: ["127.0.0.1/32"] });
    await HttpPerson.password(trusted.port, "alice", PASSWORD);
    const secure = await signIn(trusted.port, "alice", PASSWORD, { "x-forwarded-proto": "https" });
    expect(secure.headers["set-cookie"]?.[0]).toMatch(/; Secure$/);
    const plain = await signIn(trusted.port, "alice", PASSWORD, { "x-forwarded-proto": "http" });
    expect(plain.headers["set-cookie"]?.[0]).not.toContain("Secure");
    for (let i = 0; i < 11; i++) await throttled(trusted.port, "192.0.2.1", `name ${i}`);
    expect(await throttled(trusted.port, "192.0.2.1", "another")).toBe(true);
    expect(await throttled(trusted.port, "192.0.2.2", "another")).toBe(false);
    const forged = { "x-forwarded-for": "192.0.2.3", forwarded: "for=192.0.2.4" };
    expect(codeOf(await signIn(trusted.port, "alice", PASSWORD, forged))).toBe("400 bad_request");

    const direct = await start();
    await HttpPerson.password(direct.port, "alice", PASSWORD);
    const believed = await signIn(direct.port, "alice", PASSWORD, { "x-forwarded-proto": "https" });
    expect(believed.headers["set-cookie"]?.[0]).not.toContain("Secure");
    for (let i = 0; i < 11; i++) await throttled(direct.port, `192.0.2.${i}`, `name ${i}`);
    expect(await throttled(direct.port, "192.0.2.99", "another")).toBe(true);
  });
});

describe("over TLS", () => {
  it("cookies are Secure, and a certificate that is changed is used from then on", async () => {
    const first = makeCertificate("first");
    const server = await start({ tls: first });
    const signInOver = (path: string, body: string) =>
      new Promise<{ status: number; cookie: string; subject: string }>((resolve, reject) => {
        const headers = { "content-type": "application/x-www-form-urlencoded", host: `localhost:${server.port}` };
        const options = { host: "127.0.0.1", port: server.port, path, method: "POST", headers, agent: false as const };
        const sent = request({ ...options, rejectUnauthorized: false }, (response) => {
          const certificate = (response.socket as import("node:tls").TLSSocket).getPeerCertificate();
          response.resume();
          response.on("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              cookie: response.headers["set-cookie"]?.[0] ?? "",
              subject: String(certificate.subject.CN),
            }),
          );
        });
        sent.on("error", reject);
        sent.end(body);
      });
    const body = new URLSearchParams({ username: "alice", password: PASSWORD }).toString();
    expect(await signInOver("/users", body)).toMatchObject({ status: 201, subject: "first" });
    const { status, cookie } = await signInOver("/login", body);
    expect([status, cookie]).toEqual([303, expect.stringMatching(/; HttpOnly; SameSite=Lax; .*; Secure$/)]);
    server.gateway.setSecureContext(makeCertificate("second"));
    expect((await signInOver("/login", body)).subject).toBe("second");
  });
});
