/** The files of the web client, as the server hands them out, and the pages that load them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readWebClient } from "../../../../src/server/gateways/web/web-assets.ts";
import { type PagesServer, pagesServer } from "../../../support/pages-server.ts";

const MANIFEST = {
  "main.tsx": { file: "main-1.js", isEntry: true, imports: ["_shared.js"], dynamicImports: ["later.ts"] },
  "_shared.js": { file: "shared-2.js", imports: ["main.tsx"] },
  "later.ts": { file: "later-3.js", isDynamicEntry: true },
  "style.css": { file: "style-4.css" },
};

let folder: string;
let pages: PagesServer | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "verbatim-web-client-"));
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(MANIFEST));
  for (const { file } of Object.values(MANIFEST)) writeFileSync(join(folder, file), `plain ${file}`);
  writeFileSync(join(folder, "main-1.js.br"), "brotli");
  writeFileSync(join(folder, "main-1.js.gz"), "gzip");
  writeFileSync(join(folder, "notes.txt"), "not for browsers");
});

afterEach(async () => {
  await pages?.server.close();
  pages = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function open(mode: "open" | "password" = "open"): Promise<PagesServer> {
  pages = await pagesServer({ mode, signUp: "invite" }, readWebClient(folder));
  return pages;
}

describe("the web client", () => {
  it("is not there where nothing was built", () => {
    const empty = join(folder, "empty");
    mkdirSync(empty);
    expect(readWebClient(empty)).toBeUndefined();
    expect(readWebClient(join(folder, "nowhere"))).toBeUndefined();
  });

  it("is loaded by every page: its program, what that needs at once, its styles, and nothing that comes later", async () => {
    const { server } = await open();
    const { body, headers } = await server.inject("/");
    expect(body).toContain('<script type="module" src="/ui/web/main-1.js"></script>');
    expect(body).toContain('<link rel="modulepreload" href="/ui/web/shared-2.js">');
    expect(body).toContain('<link rel="stylesheet" href="/ui/web/style-4.css">');
    expect(body).not.toContain("later-3.js");
    expect(body.match(/<script/g)).toHaveLength(1);
    expect(headers["content-security-policy"]).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    );
  });

  it("is told what it has to know first, with whatever a name may hold", async () => {
    const { server, cookieOf } = await open("password");
    const visitor = (await server.inject("/")).body;
    expect(visitor).toContain('<html lang="en" data-auth="password" data-sign-up="invite">');
    const name = `"><img src=x onerror=alert(1)>`;
    const { body } = await server.inject({ url: "/dashboard", headers: { cookie: await cookieOf(name) } });
    expect(body).toMatch(
      /data-user-id="[0-9a-f-]{36}" data-user-name="&quot;&gt;&lt;img src=x onerror=alert\(1\)&gt;">/,
    );
  });

  it("is not loaded by the answer to a form, which says what became of that", async () => {
    const { server } = await open();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const { body } = await server.inject({ method: "POST", url: "/ui/sign-up", headers, payload: "username=" });
    expect(body).toContain('role="alert"');
    expect(body).not.toContain("<script");
  });

  it.each([
    ["br, gzip", "br", "brotli"],
    ["gzip, deflate", "gzip", "gzip"],
    ["GZIP;q=0.5, br;q=0", "gzip", "gzip"],
    ["identity", undefined, "plain main-1.js"],
    [undefined, undefined, "plain main-1.js"],
  ])("goes out to who takes %s as %s", async (accepted, encoding, text) => {
    const { server } = await open();
    const headers = accepted === undefined ? {} : { "accept-encoding": accepted };
    const answer = await server.inject({ url: "/ui/web/main-1.js", headers });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toBe(text);
    expect(answer.headers["content-encoding"]).toBe(encoding);
    expect(answer.headers).toMatchObject({
      "content-type": "text/javascript; charset=utf-8",
      "cache-control": "public, max-age=31536000, immutable",
      vary: "accept-encoding",
      "x-content-type-options": "nosniff",
    });
  });

  it("has nothing but its own files: not the list of them, nor what lies beside or above", async () => {
    const { server } = await open();
    for (const path of ["manifest.json", "notes.txt", "main-1.js.br", "../bin.js", "%2e%2e/bin.js", ""]) {
      expect((await server.inject(`/ui/web/${path}`)).statusCode, path).toBe(404);
    }
  });
});
