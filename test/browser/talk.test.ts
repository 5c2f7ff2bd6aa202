/** The pages as people use them, each in a window of their own: sign up, find each other, talk, take words back, go. */
import { tmpdir } from "node:os";
import type { Locator } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWindow, useBrowser, type Window } from "../support/browser.ts";
import { type ChatSite, openChatSite } from "../support/chat-site.ts";
import { makeChat, reads, say, signUp, words } from "../support/chat-visits.ts";
import { isInstalled, startProgram } from "../support/programs.ts";

/** How long the terminal may wait for a word, in milliseconds. */
const WAIT_MS = 20_000;

const browser = useBrowser();
let site: ChatSite;

beforeAll(async () => {
  site = await openChatSite();
});

afterAll(() => site.stop());

const arrive = (name: string): Promise<Window> => signUp(browser(), site.origin, name);

/**
 * Waits until a form that came back has put the keyboard into the field that is to blame. Where somebody types sooner it
 * can't any more, and the browser says so.
 */
const begins = (field: Locator): Promise<void> => field.and(field.page().locator(":focus")).waitFor();

describe("two people in two windows", () => {
  it("HTTP-6 sign up, make a chat, talk, take words back, and sign out", async () => {
    const alice = await arrive("Alice");
    const bob = await arrive("Bob");

    const make = alice.page.getByRole("region", { name: "Make a chat" });
    await make.getByLabel("What it is called").fill("Plans");
    await make.getByLabel("Who else is in it").fill("bob\nnobody at all");
    await make.getByRole("button", { name: "Make it" }).click();
    await alice.page.getByText("Nobody is called “nobody at all”.").waitFor();
    await begins(make.getByLabel("Who else is in it"));
    await make.getByLabel("Who else is in it").fill("bob");
    await make.getByRole("button", { name: "Make it" }).click();
    await alice.page.getByRole("heading", { name: "Plans" }).waitFor();
    await say(alice.page, "Shall we\n  meet?");
    await say(alice.page, "Tomorrow");

    await bob.page.getByRole("link", { name: "Refresh" }).click();
    const entry = bob.page.getByRole("region", { name: "Chats" }).getByRole("listitem").filter({ hasText: "Plans" });
    await expect.poll(() => entry.textContent()).toMatch(/2 unread[\s\S]*Alice: Tomorrow/);
    await entry.getByRole("link").click();
    await reads(bob.page, ["Shall we\n  meet?", "Tomorrow"]);
    await say(bob.page, "Gladly");
    await bob.page.getByRole("link", { name: "All chats" }).click();
    expect(await entry.textContent()).not.toContain("unread");

    await alice.page.getByRole("link", { name: "Refresh" }).click();
    await reads(alice.page, ["Shall we\n  meet?", "Tomorrow", "Gladly"]);
    const second = alice.page.getByRole("listitem").filter({ hasText: "Tomorrow" });
    await second.locator("summary").click();
    await second.getByRole("button", { name: "Remove for everybody" }).click();
    await alice.page.getByText("This message was removed.").waitFor();
    await reads(alice.page, ["Shall we\n  meet?", "Gladly"]);

    await bob.page.getByRole("button", { name: "Sign out" }).click();
    await bob.page.getByRole("heading", { name: "Sign in or sign up" }).waitFor();
    expect(await bob.page.context().cookies()).toEqual([]);
    expect([...alice.oddities, ...bob.oddities]).toEqual([]);
  });

  it("find each other by name, and talk in the one chat of two", async () => {
    const carol = await arrive("Carol");
    const dave = await arrive("Dave");
    await carol.page.getByRole("search").getByLabel("Name").fill("DA");
    await carol.page.getByRole("button", { name: "Find" }).click();
    await carol.page.getByRole("button", { name: "Message Dave" }).click();
    await carol.page.getByRole("heading", { name: "Dave" }).waitFor();
    await say(carol.page, "psst");
    await dave.page.getByRole("region", { name: "Message somebody" }).getByLabel("Their name").fill("carol");
    await dave.page.getByRole("button", { name: "Open the chat" }).click();
    await reads(dave.page, ["psst"]);
    expect(new URL(dave.page.url()).pathname).toBe(new URL(carol.page.url()).pathname);
    expect([...carol.oddities, ...dave.oddities]).toEqual([]);
  });

  it("bring others in, send them away, and leave", async () => {
    const erin = await arrive("Erin");
    const frank = await arrive("Frank");
    await makeChat(erin.page, "Choir", []);
    await erin.page.getByLabel("Add somebody by name").fill("frank");
    await erin.page.getByRole("button", { name: "Add" }).click();
    await erin.page.getByRole("heading", { name: "2 members" }).waitFor();
    await frank.page.goto(erin.page.url());
    await say(frank.page, "la la");
    const member = erin.page.getByRole("complementary").getByRole("listitem").filter({ hasText: "Frank" });
    await member.locator("summary").click();
    await member.getByRole("button", { name: "Remove from the chat" }).click();
    await erin.page.getByRole("heading", { name: "1 member" }).waitFor();
    await frank.page.getByLabel("Your message").fill("la la la");
    await frank.page.getByRole("button", { name: "Send" }).click();
    await frank.page.getByText("There is no such chat, or you are not in it.").waitFor();
    expect(await frank.page.getByLabel("What you wrote, to keep").inputValue()).toBe("la la la");
    await erin.page.getByText("Leave this chat").click();
    await erin.page.getByRole("button", { name: "Leave for good" }).click();
    await erin.page.getByText("None yet.").waitFor();
    expect([...erin.oddities, ...frank.oddities]).toEqual([]);
  });

  it("are told when a name is taken, and keep what they typed and where they were going", async () => {
    await arrive("Grace");
    const window = await openWindow(browser(), site.origin, { javaScriptEnabled: false });
    await window.page.goto("/ui/chats/general");
    const form = window.page.getByRole("region", { name: "New here?" });
    await form.getByLabel("Name").fill("GRACE");
    await form.getByRole("button", { name: "Sign up" }).click();
    await window.page.getByText("This name belongs to somebody else.").waitFor();
    await begins(form.getByLabel("Name"));
    expect(await form.getByLabel("Name").inputValue()).toBe("GRACE");
    expect(await window.page.title()).toMatch(/^Error: /);
    await window.page.getByRole("region", { name: "Sign in" }).getByLabel("Name").fill("nobody yet");
    await window.page.getByRole("button", { name: "Sign in" }).click();
    // Not any alert: the page before has one too.
    await window.page.getByRole("alert").filter({ hasText: "Nobody has this name." }).waitFor();
    await begins(window.page.getByRole("region", { name: "Sign in" }).getByLabel("Name"));
    expect(await window.page.getByRole("region", { name: "Sign in" }).getByLabel("Name").inputValue()).toBe(
      "nobody yet",
    );
    await window.page.getByRole("region", { name: "Sign in" }).getByLabel("Name").fill("Grace");
    await window.page.getByRole("button", { name: "Sign in" }).click();
    await window.page.waitForURL("**/ui/chats/general");
    await window.page.getByRole("heading", { name: "general" }).waitFor();
    expect(window.oddities).toEqual([]);
  });

  it("HTTP-6 meet a third with nothing but a terminal, in a public room", async ({ skip }) => {
    if (!isInstalled("nc")) skip("nc is not installed");
    const heidi = await arrive("Heidi");
    const ivan = await arrive("Ivan");
    const terminal = startProgram("nc", ["127.0.0.1", String(site.tcpPort)], { cwd: tmpdir(), env: {} });
    try {
      const [, guest = ""] = await terminal.printed(/"login_successful".*?"u":"([^"]{5})"/, WAIT_MS);
      terminal.write('{"_ct":"join_room","r":"rust"}\n');
      await terminal.printed(/"user_joined_room"/, WAIT_MS);
      await heidi.page.goto("/ui/chats/rust");
      await say(heidi.page, "hello, terminal");
      await terminal.printed(/"user_message","r":"rust","u":"Heidi","c":"hello, terminal"/, WAIT_MS);
      terminal.write('{"_ct":"send_message","r":"rust","c":"hello, <browser>"}\n');
      await terminal.printed(/"c":"hello, <browser>"/, WAIT_MS);
      await ivan.page.goto("/ui/chats/rust");
      expect(await words(ivan.page)).toEqual(["hello, terminal", "hello, <browser>"]);
      expect(await ivan.page.locator(".message .name").allTextContents()).toEqual(["Heidi", guest]);
      await say(ivan.page, "hello, both");
      await terminal.printed(/"u":"Ivan","c":"hello, both"/, WAIT_MS);
      await heidi.page.getByRole("link", { name: "Refresh" }).click();
      await reads(heidi.page, ["hello, terminal", "hello, <browser>", "hello, both"]);
      expect([...heidi.oddities, ...ivan.oddities]).toEqual([]);
    } finally {
      await terminal.end("SIGKILL");
    }
  });
});
