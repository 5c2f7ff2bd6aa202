/** `/`: signing in and up, in each way that a server may let people in. */
import { afterEach, describe, expect, it } from "vitest";
import { CommandError } from "../../../../src/server/commands/command-error.ts";
import type { SignInRules } from "../../../../src/server/gateways/pages/door.ts";
import { type PagesServer, pagesServer } from "../../../support/pages-server.ts";

let pages: PagesServer;

afterEach(() => pages.server.close());

async function open(mode: SignInRules["mode"], signUp: SignInRules["signUp"] = "open"): Promise<string> {
  pages = await pagesServer({ mode, signUp });
  return (await pages.server.inject("/")).body;
}

function post(url: string, fields: Record<string, string>) {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return pages.server.inject({ method: "POST", url, headers, payload: new URLSearchParams(fields).toString() });
}

describe("the sign-in page", () => {
  it("leads whoever is signed in to their chats", async () => {
    await open("open");
    const { statusCode, headers } = await pages.server.inject({
      ...{ url: "/", headers: { cookie: await pages.cookieOf("alice") } },
    });
    expect([statusCode, headers["location"]]).toEqual([303, "/dashboard"]);
  });

  it("tells whoever comes with a sign-in that has ended", async () => {
    await open("open");
    const { statusCode, body } = await pages.server.inject({ url: "/", headers: { cookie: "user_id=nobody" } });
    expect(statusCode).toBe(200);
    expect(body).toContain("Your sign-in has ended");
  });

  it("asks for a name only in open mode, and says what that means", async () => {
    const body = await open("open");
    expect(body).toContain("a name is enough, so anybody can be anybody");
    expect(body.match(/name="username"/g)).toHaveLength(2);
    expect(body).not.toContain("password");
  });

  it("asks for a password where there are some", async () => {
    const body = await open("password");
    expect(body).toContain('autocomplete="current-password"');
    expect(body).toContain('autocomplete="new-password"');
    expect(body).not.toContain("invite");
    expect(body).not.toContain("anybody can be anybody");
  });

  it("asks for an invite where one is needed, and says where accounts come from otherwise", async () => {
    expect(await open("password", "invite")).toContain('name="invite"');
    await pages.server.close();
    const closed = await open("password", "closed");
    expect(closed).not.toContain("/ui/sign-up");
    expect(closed).toContain("Ask them for one.");
  });

  it("has no form where people come with tokens of somebody else", async () => {
    expect(await open("jwt")).not.toContain("<form");
  });

  it("keeps what one was on the way to, through what is refused, until one is signed in", async () => {
    await open("password");
    const there = '<input type="hidden" name="to" value="/ui/chats/general">';
    const { body } = await pages.server.inject({ url: "/", query: { to: "/ui/chats/general" } });
    expect(body.split(there)).toHaveLength(3);
    const to = "/ui/chats/general";
    expect((await post("/login", { username: "nobody", password: "x", to })).body.split(there)).toHaveLength(3);
    const { headers } = await post("/ui/sign-up", { username: "Zoë", password: "correct horse", to });
    expect(headers["location"]).toBe(to);
  });

  it("keeps nothing that leads elsewhere", async () => {
    await open("password");
    for (const to of ["", "/logout", "//evil.example/ui/chats/x", '/ui/chats/x"><script>', "/ui/chats/x/latest"]) {
      expect((await pages.server.inject({ url: "/", query: { to } })).body).not.toContain('name="to"');
      expect((await post("/login", { username: "nobody", password: "x", to })).body).not.toContain('name="to"');
    }
    const asked = { username: "Zoë", password: "correct horse", to: "//evil.example/ui/chats/x" };
    expect((await post("/ui/sign-up", asked)).headers["location"]).toBe("/dashboard");
  });

  it("signs up, and is signed in", async () => {
    await open("password");
    const { statusCode, headers } = await post("/ui/sign-up", { username: "Zoë", password: "correct horse" });
    expect([statusCode, headers["location"]]).toEqual([303, "/dashboard"]);
    const id = pages.chats.named("Zoë")?.id;
    expect(headers["set-cookie"]).toBe(`user_id=${id}; Path=/; HttpOnly; SameSite=Lax`);
  });

  it("keeps the name and never the password where signing up fails", async () => {
    await open("password");
    await pages.cookieOf('"><b>');
    const { statusCode, body } = await post("/ui/sign-up", { username: '"><b>', password: "hunter2" });
    expect(statusCode).toBe(409);
    expect(body).toContain("This name belongs to somebody else.");
    expect(body).toContain('id="sign-up-name" name="username" type="text" value="&quot;&gt;&lt;b&gt;"');
    expect(body).toContain('aria-describedby="sign-up-error sign-up-name-hint" aria-invalid="true" autofocus');
    expect(body).toContain("<title>Error: ");
    expect(body).not.toContain("hunter2");
  });

  it("blames the password where that is what is wrong", async () => {
    await open("password");
    pages.chats.failure = new CommandError("bad_field", "password: a password has 8 characters at least");
    const { statusCode, body } = await post("/ui/sign-up", { username: "eve", password: "short" });
    expect(statusCode).toBe(400);
    expect(body).toContain("Password: a password has 8 characters at least.");
    expect(body).toContain('aria-describedby="sign-up-error sign-up-password-hint" aria-invalid="true" autofocus');
  });

  it("says what an invite is worth", async () => {
    await open("password", "invite");
    const { statusCode, body } = await post("/ui/sign-up", { username: "eve", password: "x", invite: "wrong" });
    expect(statusCode).toBe(403);
    expect(body).toContain("needs an invite");
    expect(body).toContain('aria-describedby="sign-up-error sign-up-invite-hint" aria-invalid="true" autofocus');
    expect((await post("/ui/sign-up", { username: "eve", password: "x", invite: " welcome " })).statusCode).toBe(303);
  });

  it("comes back with the error where signing in fails", async () => {
    await open("password");
    const { statusCode, body, headers } = await post("/login", { username: "nobody", password: "hunter2" });
    expect(statusCode).toBe(401);
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
    expect(body).toContain("There is no such account, or the password is another.");
    expect(body).toContain('id="sign-in-name" name="username" type="text" value="nobody"');
    expect(body).not.toContain("hunter2");
  });
});
