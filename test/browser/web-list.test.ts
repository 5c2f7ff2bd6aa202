/** The web client's list in a real browser, on the real program, where it is long. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWindow, useBrowser } from "../support/browser.ts";
import { type HttpChat, HttpPerson } from "../support/http-people.ts";
import { until } from "../support/until.ts";
import { axeFindings, inList, openWebSite, type WebSite } from "../support/web-visits.ts";

/** More than the client follows at once. */
const CHATS = 240;

/** How many rows may be there in a window of twelve. */
const ROWS_MAX = 60;

const browser = useBrowser();
let site: WebSite;

beforeAll(async () => {
  site = await openWebSite();
});

afterAll(() => site?.stop());

describe("somebody in very many chats", () => {
  it("has them all in the list, of which the page holds what is seen, finds any, and is told of the quietest", async () => {
    const [ada, grace] = await Promise.all(["Ada", "Grace"].map((name) => HttpPerson.open(site.port, name)));
    if (ada === undefined || grace === undefined) throw new Error("nobody came");
    const headers = { cookie: `user_id=${grace.user.user_id}` };
    const post = async (path: string, fields: readonly (readonly [string, string])[]): Promise<Response> => {
      const body = new URLSearchParams(fields.map(([name, value]): [string, string] => [name, value]));
      const answer = await fetch(site.origin + path, { method: "POST", headers, body });
      expect(answer.ok).toBe(true);
      return answer;
    };
    const ids: string[] = [];
    for (let number = 0; number < CHATS; number++) {
      const made = await post("/chats", [
        ["name", `Chat ${number}.`],
        ["members", ada.user.user_id],
      ]);
      ids.push(((await made.json()) as HttpChat).chat_id);
    }
    const { page, oddities } = await openWindow(browser(), site.origin);
    await page.context().addCookies([{ name: "user_id", value: ada.user.user_id, url: site.origin }]);
    // The one that was made first stands at the end.
    await page.goto(`/ui/chats/${ids[0]}`);
    await inList(page, "Chat 0\\.").waitFor();
    expect(await inList(page, "Chat 0\\.").getAttribute("aria-current")).toBe("page");
    expect(await page.locator(".row").count()).toBeLessThan(ROWS_MAX);
    expect(await axeFindings(page)).toEqual([]);

    await page.evaluate("document.querySelector('.side-list').scrollTop = 0");
    await inList(page, `Chat ${CHATS - 1}\\.`).waitFor();
    expect(await inList(page, "Chat 0\\.").count()).toBe(0);
    await page.getByRole("searchbox").fill("chat 77");
    await inList(page, "Chat 77\\.").click();
    await page.getByRole("heading", { level: 1, name: "Chat 77." }).waitFor();
    await page.getByRole("searchbox").fill("");

    // Nobody follows that one: it comes with the list, which is asked for again and again.
    await post(`/chats/${ids[1]}/messages`, [["content", "is anybody here?"]]);
    await page.evaluate("document.querySelector('.side-list').scrollTop = 0");
    await until(
      60_000,
      () => "the quiet chat comes up",
      async () => (await inList(page, "Chat 1\\.").filter({ hasText: "1 unread" }).count()) === 1 || undefined,
    );
    expect(oddities).toEqual([]);
  });
});
