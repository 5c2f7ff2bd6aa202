/**
 * A web page of another site, open in the browser of somebody who is signed in, gets nowhere: not by requests, forms,
 * frames, events or WebSockets, and not under a name of its own that it points to the server's address.
 */
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ATTACK_PAGE,
  attack,
  type CarelessServer,
  openCarelessServer,
  type Try,
  type Victim,
} from "../support/attack-page.ts";
import { useBrowser } from "../support/browser.ts";
import { type ChatSite, openChatSite } from "../support/chat-site.ts";
import { makeChat, say, signUp, words } from "../support/chat-visits.ts";

/** Names of the attacker's that lead to this machine, as a name server may have it. */
const browser = useBrowser([
  "--host-resolver-rules=MAP *.example 127.0.0.1, MAP localhost.evil.test 127.0.0.1, MAP evil-localhost 127.0.0.1",
  // Newer browsers keep some of this from happening by themselves. Others do not, and a server can't know.
  "--disable-features=LocalNetworkAccessChecks",
]);

/** The word that only the chat's members may read. */
const SECRET = "xyzzy";

let careless: CarelessServer;

beforeAll(async () => {
  careless = await openCarelessServer();
});

afterAll(() => careless.stop());

const gotIn = (tries: readonly Try[]): readonly string[] => tries.filter((one) => one.gotIn).map(({ name }) => name);

const reboundOrigin = (port: number): string => `http://rebound.example:${port}`;

/** A page that came from the attacker, under a name that from then on leads to whoever listens on `port` here. */
async function openRebound(context: BrowserContext, port: number): Promise<Page> {
  const page = await context.newPage();
  const url = `${reboundOrigin(port)}/kittens`;
  await page.route(url, (route) => route.fulfill({ contentType: "text/html", body: ATTACK_PAGE }));
  await page.goto(url);
  return page;
}

describe.each(["open", "password"] as const)("a page of another site, at a server in mode %s", (mode) => {
  let site: ChatSite;
  let victim: Victim;
  let reader: Page;
  let context: BrowserContext;

  beforeAll(async () => {
    site = await openChatSite({ mode });
    if (mode === "password") await signUp(browser(), site.origin, "other");
    ({ page: reader } = await signUp(browser(), site.origin, "Victim", { javaScriptEnabled: true }));
    context = reader.context();
    await makeChat(reader, "private", []);
    await say(reader, SECRET);
    const chat = new URL(reader.url()).pathname.split("/").at(-1) ?? "";
    const me = await reader.request.get("/me");
    const { user_id: user } = (await me.json()) as { user_id: string };
    victim = { target: site.origin, user, chat };
  });

  afterAll(() => site.stop());

  /** Nothing has changed: the chat, who is in it, who there is, and who is signed in. */
  async function expectUnharmed(): Promise<void> {
    await reader.goto("/dashboard?find=forged");
    await reader.getByText("Nobody’s name begins with").waitFor();
    expect(await reader.locator("header bdi").textContent()).toBe("Victim");
    expect(await reader.getByRole("region", { name: "Chats" }).getByRole("link", { name: "private" }).count()).toBe(1);
    expect(await reader.getByRole("region", { name: "Chats" }).getByRole("listitem").count()).toBe(1);
    await reader.goto(`/ui/chats/${victim.chat}`);
    expect(await words(reader)).toEqual([SECRET]);
  }

  it.each([
    ["of another name", () => `http://kittens.example:${careless.port}`],
    ["of a name that begins alike", () => `http://localhost.evil.test:${careless.port}`],
    ["of a name that ends alike", () => `http://evil-localhost:${careless.port}`],
    // Cookies know no ports, so this one is sent the victim's, and sends them.
    ["of another port of this very machine", () => `http://localhost:${careless.port}`],
    ["of another address of this machine", () => `http://127.0.0.1:${careless.port}`],
  ])("AUTH-4 %s gets nowhere", async (_name, origin) => {
    const page = await context.newPage();
    const statuses: number[] = [];
    page.on("response", (response) => {
      if (response.url().startsWith(site.origin)) statuses.push(response.status());
    });
    await page.goto(`${origin()}/kittens`);
    const tries = await attack(page, victim);
    expect(gotIn(tries)).toEqual([]);
    expect(tries.map(({ text }) => text).join()).not.toContain(SECRET);
    // Where the answers can be seen by others all are refusals; elsewhere reading is answered, to be seen by nobody.
    if (mode === "open") expect(statuses.filter((status) => status !== 403)).toEqual([]);
    expect(statuses.length).toBeGreaterThan(10);
    await page.close();
    await expectUnharmed();
  });

  it("AUTH-4 in a frame without an origin gets nowhere", async () => {
    const page = await context.newPage();
    await page.goto(`http://kittens.example:${careless.port}/kittens`);
    await page.setContent(`<iframe sandbox="allow-scripts allow-forms" srcdoc="${ATTACK_PAGE}"></iframe>`);
    const frame = page.frames()[1];
    await frame?.waitForLoadState();
    const tries = await attack(frame as unknown as Page, victim);
    expect(gotIn(tries)).toEqual([]);
    await page.close();
    await expectUnharmed();
  });

  it("AUTH-4 under a name of its own that leads to the server's address (DNS rebinding) gets nowhere", async () => {
    const page = await openRebound(context, site.port);
    // What the victim's browser would not send under that name, the attacker sets: in open mode it is all it takes.
    await page.evaluate(`document.cookie = "user_id=${victim.user}; path=/"`);
    const tries = await attack(page, { ...victim, target: reboundOrigin(site.port) });
    // A frame of one's own origin can be read, but there is nothing in it.
    expect(tries.filter((one) => one.gotIn && !one.text.includes('"code":"wrong_origin"'))).toEqual([]);
    expect(tries.find(({ name }) => name === "read messages")?.text).toContain("status 403");
    await page.close();
    await expectUnharmed();
  });

  it("AUTH-4 is shown in nobody's frame", async () => {
    const page = await context.newPage();
    await page.goto(`http://localhost:${careless.port}/kittens`);
    const asked = page.waitForResponse(`${site.origin}/dashboard`);
    await page.setContent(`<iframe src="${site.origin}/dashboard"></iframe>`);
    // In open mode the frame is refused what it asks for; elsewhere it is answered, and the browser told not to show it.
    const answer = await asked;
    expect(answer.status()).toBe(mode === "open" ? 403 : 200);
    if (mode !== "open") expect(answer.headers()["content-security-policy"]).toContain("frame-ancestors 'none'");
    const frame = page.frameLocator("iframe");
    expect(await frame.locator(":root").textContent()).not.toMatch(/Signed in as|private/);
    await page.close();
  });
});

describe("the tries", () => {
  it("reach a server that lets everybody in, all of them, so that to be refused means something", async () => {
    const page = await browser().newPage();
    await page.goto(`http://kittens.example:${careless.port}/kittens`);
    const other = await openCarelessServer();
    const tries = await attack(page, { target: `http://localhost:${other.port}`, user: "u", chat: "c" });
    await page.close();
    await other.stop();
    expect(Object.fromEntries(other.reached)).toEqual({
      "GET /dashboard": 2,
      "GET /ui/chats/c": 1,
      "GET /chats/c/messages": 3,
      "GET /users/u": 1,
      "OPTIONS /chats/c/messages": 1,
      "POST /chats/c/messages": 5,
      "POST /ui/chats/c/messages": 2,
      "OPTIONS /chats/c/members/u": 1,
      "DELETE /chats/c/members/u": 1,
      "POST /ui/chats/c/members/u/remove": 1,
      "POST /users": 1,
      "POST /ui/sign-up": 1,
      "POST /chats": 1,
      "POST /login": 1,
      "GET /logout": 2,
      "POST /logout": 1,
      "GET /chats/c/events": 1,
      "UPGRADE /ws": 1,
      "UPGRADE /ws/connect/u": 1,
    });
    expect(gotIn(tries)).toEqual(
      expect.arrayContaining(["read messages", "post JSON", "follow events", "open a WebSocket"]),
    );
  });

  it("get in under a rebound name, where nobody looks at it", async () => {
    const context = await browser().newContext();
    const page = await openRebound(context, careless.port);
    const tries = await attack(page, { target: reboundOrigin(careless.port), user: "u", chat: "c" });
    await context.close();
    expect(gotIn(tries)).toEqual(
      expect.arrayContaining(["read a page", "post a form", "submit a form", "open a WebSocket"]),
    );
  });
});
