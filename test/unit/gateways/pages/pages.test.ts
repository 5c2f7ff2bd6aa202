/** What all pages have: their headers, who gets to see them, and what becomes of faults. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CommandError } from "../../../../src/server/commands/command-error.ts";
import { CqlError } from "../../../../src/server/cql/errors.ts";
import { type PagesServer, pagesServer } from "../../../support/pages-server.ts";

let pages: PagesServer;

beforeEach(async () => {
  pages = await pagesServer();
});

afterEach(() => pages.server.close());

const FORM = { "content-type": "application/x-www-form-urlencoded" };

describe("a page", () => {
  it("tells the browser that nothing runs in it, and to keep it from others", async () => {
    const cookie = await pages.cookieOf("alice");
    for (const url of ["/", "/dashboard", "/ui/chats/general", "/ui/chats/nowhere"]) {
      const { headers } = await pages.server.inject({ url, headers: { cookie } });
      expect(headers, url).toMatchObject({
        "content-security-policy":
          "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
      });
    }
  });

  it("has a language, a title, one heading of the first rank, a way past the head, and a label for each field", async () => {
    const cookie = await pages.cookieOf("alice");
    for (const [url, headers] of [
      ["/", {}],
      ["/dashboard", { cookie }],
      ["/ui/chats/general", { cookie }],
      ["/ui/chats/nowhere", { cookie }],
    ] as const) {
      const { body } = await pages.server.inject({ url, headers });
      expect(body).toContain('<html lang="en">');
      expect(body).toMatch(/<title>[^<]+ – Verbatim<\/title>/);
      expect(body.match(/<h1/g)).toHaveLength(1);
      expect(body).toContain('<a class="skip" href="#main">');
      expect(body.match(/<main id="main"/g)).toHaveLength(1);
      const ids = [...body.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
      expect(new Set(ids).size, url).toBe(ids.length);
      const fields = [...body.matchAll(/<(?:input|textarea) (?!type="hidden")[^>]*id="([^"]+)"/g)].map(([, id]) => id);
      for (const id of fields) expect(body).toContain(`<label for="${id}">`);
      const pointedTo = [...body.matchAll(/aria-(?:labelledby|describedby)="([^"]+)"/g)].flatMap(([, to]) =>
        to?.split(" "),
      );
      expect(pointedTo.filter((id) => !ids.includes(id ?? ""))).toEqual([]);
    }
  });

  it("refers to a stylesheet and an icon that may be kept for ever", async () => {
    const { body } = await pages.server.inject("/");
    const files = [...body.matchAll(/(?:href|src)="(\/ui\/[a-z]+-[0-9a-f]{16}\.(?:css|svg))"/g)].map(
      ([, path]) => path,
    );
    expect(new Set(files).size).toBe(2);
    for (const path of new Set(files)) {
      const { statusCode, headers } = await pages.server.inject(path ?? "");
      expect(statusCode).toBe(200);
      expect(headers["cache-control"]).toBe("public, max-age=31536000, immutable");
      expect(headers["content-type"]).toBe(path?.endsWith("css") ? "text/css; charset=utf-8" : "image/svg+xml");
    }
  });

  it("is for those who signed in: others are led to the sign-in page, which knows what they were on the way to", async () => {
    for (const [url, location] of [
      ["/dashboard", "/"],
      ["/ui/chats/general", "/?to=%2Fui%2Fchats%2Fgeneral"],
      ["/ui/chats/a%20%C3%A9?before=7", "/?to=%2Fui%2Fchats%2Fa%2520%25C3%25A9"],
      ["/ui/chats/general/latest", "/"],
      ["/ui/chats/general/members", "/?to=%2Fui%2Fchats%2Fgeneral%2Fmembers"],
    ] as const) {
      for (const headers of [{}, { cookie: "user_id=00000000-0000-4000-8000-000000000000" }]) {
        const { statusCode, headers: answer } = await pages.server.inject({ url, headers });
        expect([statusCode, answer["location"]], url).toEqual([303, location]);
      }
    }
  });

  it("leads who is signed in on from the sign-in page, to pages of its own and to nobody else's", async () => {
    const cookie = await pages.cookieOf("alice");
    for (const [to, location] of [
      ["/ui/chats/general", "/ui/chats/general"],
      ["/ui/chats/general/members", "/ui/chats/general/members"],
      ["/ui/chats/it's%20(here)!*", "/ui/chats/it's%20(here)!*"],
      ["//evil.example/ui/chats/x", "/dashboard"],
      ["https://evil.example/ui/chats/x", "/dashboard"],
      ["/ui/chats/../../logout", "/dashboard"],
      ["/ui/chats/x\r\nset-cookie: a=b", "/dashboard"],
      ["/logout", "/dashboard"],
      ["", "/dashboard"],
    ] as const) {
      const { statusCode, headers } = await pages.server.inject({ url: "/", query: { to }, headers: { cookie } });
      expect([statusCode, headers["location"]], to).toEqual([303, location]);
    }
  });

  it("gives back what was written where the sign-in has ended meanwhile", async () => {
    const payload = `content=${encodeURIComponent("a <long> letter")}`;
    const { statusCode, body } = await pages.server.inject({
      ...{ method: "POST", url: "/ui/chats/general/messages", headers: FORM, payload },
    });
    expect(statusCode).toBe(401);
    expect(body).toContain("a &lt;long&gt; letter</textarea>");
  });

  it("says what can't be done right now, with the status of the error", async () => {
    const cookie = await pages.cookieOf("alice");
    pages.chats.failure = new CommandError("unavailable", "this node can't hear the log");
    const { statusCode, body } = await pages.server.inject({ url: "/dashboard", headers: { cookie } });
    expect(statusCode).toBe(503);
    expect(body).toContain("Try again in a moment.");
    expect(pages.faults).toEqual([]);
  });

  it("says to try again where what the server rests on is away, and tells the server", async () => {
    const fault = new CqlError("unavailable", "10.0.0.1 is away");
    const cookie = await pages.cookieOf("alice");
    pages.chats.failure = fault;
    const { statusCode, body } = await pages.server.inject({ url: "/dashboard", headers: { cookie } });
    expect(statusCode).toBe(503);
    expect(body).toContain("Try again in a moment.");
    expect(body).not.toContain("10.0.0.1");
    expect(pages.faults).toEqual([fault]);
  });

  it("says nothing of a fault of the server's own but that there was one, and tells the server", async () => {
    const fault = new Error("secret detail");
    const cookie = await pages.cookieOf("alice");
    pages.chats.failure = fault;
    const { statusCode, body, headers } = await pages.server.inject({ url: "/dashboard", headers: { cookie } });
    expect(statusCode).toBe(500);
    expect(body).not.toContain("secret detail");
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
    expect(pages.faults).toEqual([fault]);
  });

  it("takes forms and nothing else, up to a bound", async () => {
    const cookie = await pages.cookieOf("alice");
    const post = async (type: string, payload: string) => {
      const headers = { cookie, "content-type": type };
      return (await pages.server.inject({ method: "POST", url: "/ui/chats", headers, payload })).statusCode;
    };
    expect(await post("application/json", "{}")).toBe(415);
    expect(await post("text/plain", "name=x")).toBe(415);
    expect(await post("multipart/form-data; boundary=x", "--x--")).toBe(415);
    expect(await post(FORM["content-type"], `name=${"x".repeat(70_000)}`)).toBe(413);
    expect(await post(FORM["content-type"], "%zz=%%&__proto__=1&name=a&name=b")).toBe(303);
    expect(pages.faults).toEqual([]);
  });
});
