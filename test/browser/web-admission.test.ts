/** The web client in a real browser, on the real program: who may come in, by which way, and who may not any more. */
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWindow, useBrowser } from "../support/browser.ts";
import { runVerbatim } from "../support/spawned-server.ts";
import { inList, openWebSite, PASSWORD, sayInWeb, type WebSite } from "../support/web-visits.ts";

const browser = useBrowser();

/** Runs a command beside a server, over its data; resolves with what it printed. */
async function beside(site: WebSite, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runVerbatim([...args, "--data", site.dataDir]);
  expect([code, code === 0 ? "" : stderr]).toEqual([0, ""]);
  return stdout.trim();
}

const standing = (page: Page) => page.locator(".vc-standing");

describe("where people sign in with passwords", () => {
  let site: WebSite;

  beforeAll(async () => {
    site = await openWebSite(["--auth", "password", "--sign-up", "invite"]);
  });

  afterAll(() => site?.stop());

  /** Somebody with an account, through an invite that they came by. */
  async function invited(name: string, invite: string, path = "/"): Promise<Page> {
    const { page } = await openWindow(browser(), site.origin);
    await page.goto(`${path}#invite=${invite}`);
    await page.getByRole("heading", { name: "Create an account" }).waitFor();
    expect(new URL(page.url()).hash).toBe("");
    expect(await page.getByLabel("Invite").inputValue()).toBe(invite);
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Create account" }).click();
    return page;
  }

  it("an invite leads from its link to a first message, and lets nobody else in after that", async () => {
    const invite = await beside(site, "invite");
    const page = await invited("Ivy", invite);
    await inList(page, "general").click();
    await sayInWeb(page, "hello everybody");
    const late = await invited("Lana", invite);
    await late.getByRole("alert").filter({ hasText: "this one is not valid or was used before" }).waitFor();
    // Without a link it is typed in.
    await late.getByLabel("Invite").fill(` ${await beside(site, "invite")} `);
    await late.getByRole("button", { name: "Create account" }).click();
    await inList(late, "general").click();
    await late.getByRole("log").getByText("hello everybody").waitFor();
  });

  it("a link to a room leads there once one is signed in or up, with an invite or without, and after the sign-in has ended", async () => {
    const page = await invited("Lou", await beside(site, "invite"), "/ui/chats/rust");
    const field = page.getByRole("textbox", { name: "Message rust" });
    await field.waitFor();
    expect(new URL(page.url()).pathname).toBe("/ui/chats/rust");
    await page.context().clearCookies();
    await page.goto("/ui/chats/general");
    await page.getByLabel("Name").fill("Lou");
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("textbox", { name: "Message general" }).waitFor();
    expect(page.url()).toBe(`${site.origin}/ui/chats/general`);
    // Who is in already is led on at once.
    await page.goto("/?to=%2Fui%2Fchats%2Frust");
    await field.waitFor();
  });

  it("who is banned is told until when, in the room and at its door, keeps what was typed, and comes in again when that is over", async () => {
    const page = await invited("Bea", await beside(site, "invite"));
    await inList(page, "general").click();
    await sayInWeb(page, "before");
    const door = await page.context().newPage();
    await door.goto("/ui/chats/rust");
    await door.getByRole("textbox", { name: "Message rust" }).waitFor();
    await page.getByRole("main").getByRole("textbox").pressSequentially("a draft");

    await beside(site, "user", "admin", "Ivy", "--grant");
    const token = (await beside(site, "token", "create", "Ivy", "--label", "moderation")).split("\n").at(-1) ?? "";
    const bans = async (method: string, fields: Readonly<Record<string, string>>): Promise<number> => {
      const query = new URLSearchParams(fields);
      const url = `${site.origin}/rooms/general/bans`;
      const headers = { authorization: `Bearer ${token}` };
      const asked = method === "POST" ? { method, headers, body: query } : { method, headers };
      return (await fetch(method === "POST" ? url : `${url}?${query}`, asked)).status;
    };
    const bea = { type: "user", subject: "Bea" };
    expect(await bans("POST", { ...bea, seconds: "3600" })).toBe(201);

    // The time is that of the reader's clock, not the server's.
    const told = /^You may not be in this room until [^TZ]+\.$/;
    await standing(page).filter({ hasText: told }).waitFor();
    expect(await page.getByRole("log").textContent()).toContain("before");
    const field = page.getByRole("main").getByRole("textbox");
    expect([await field.inputValue(), await field.isEditable()]).toEqual(["a draft", false]);
    await inList(door, "general").click();
    await standing(door).filter({ hasText: told }).waitFor();
    expect(await door.getByRole("article").count()).toBe(0);

    expect(await bans("DELETE", bea)).toBe(204);
    for (const tab of [door, page]) {
      // A tab behind another draws nothing.
      await tab.bringToFront();
      await tab.getByRole("button", { name: "Try again" }).click();
      await standing(tab).filter({ hasText: "may not" }).waitFor({ state: "detached" });
      await tab.getByRole("log").getByText("before", { exact: true }).waitFor();
    }
    expect(await field.inputValue()).toBe("a draft");
    await field.press("Enter");
    await door.bringToFront();
    await door.getByRole("log").getByText("a draft", { exact: true }).waitFor();
  });
});

describe("where people come with tokens of a provider", () => {
  const SECRET = "a secret that is shared with the provider";
  const folder = mkdtempSync(join(tmpdir(), "verbatim-provider-"));
  let site: WebSite;

  beforeAll(async () => {
    const secretFile = join(folder, "secret");
    writeFileSync(secretFile, SECRET);
    const of = ["--jwt-algorithm", "HS256", "--jwt-issuer", "provider", "--jwt-audience", "chat"];
    site = await openWebSite(["--auth", "jwt", "--jwt-secret-file", secretFile, ...of]);
  });

  afterAll(async () => {
    await site?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A token that is good for so many seconds. */
  function tokenFor(name: string, seconds: number): string {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const exp = Math.floor(Date.now() / 1000) + seconds;
    const claims = { iss: "provider", aud: "chat", sub: name, name, exp };
    const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
    return `${signed}.${createHmac("sha256", SECRET).update(signed).digest("base64url")}`;
  }

  it("the page says where to sign in, and goes on once a proxy has brought a token, until that ends", async () => {
    const { page } = await openWindow(browser(), site.origin);
    await page.goto("/");
    await page.getByText("Sign in there, then load this page again.").waitFor();
    expect(await page.getByRole("textbox").count()).toBe(0);
    const bring = (token: string) =>
      page.context().addCookies([{ name: "verbatim_session", value: token, url: site.origin }]);
    await bring(tokenFor("Jay", 15));
    await page.getByRole("button", { name: "Load again" }).click();
    await page.getByRole("heading", { name: "Hello, Jay" }).waitFor();
    // No password and no tokens of one's own: those are the provider's.
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByRole("heading", { name: "Notifications" }).waitFor();
    expect(await page.getByRole("dialog").getByRole("textbox").count()).toBe(0);
    await page.getByText("Your sign-in has ended.").waitFor({ timeout: 40_000 });
    await bring(tokenFor("Jay", 3600));
    await page.getByRole("button", { name: "Load again" }).click();
    await page.getByRole("heading", { name: "Hello, Jay" }).waitFor();
  });
});
