/**
 * Stage 1, the pages: plain pages that the server renders and that need no script, beside the web client. They speak to
 * the same API as every other door. Routes of their own begin with `/ui/`; the rest is `/` and `/dashboard`.
 *
 * No form carries a CSRF token. A page of another site can't send one of these forms in its reader's name: the HTTP
 * door refuses every request whose `Origin` or `Sec-Fetch-Site` is not this server's own, before any route sees it, in
 * all modes; and the cookies are `SameSite=Lax`, so they are not sent along with a form of another site in the first
 * place. A token would be a third lock on the same door; the first two are what the JSON routes stand on as well, and
 * browser tests try to get past them. A GET changes nothing but how far its reader has read.
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { CommandError } from "../../commands/command-error.ts";
import { passesByItself } from "../../passing-error.ts";
import { addWebClient } from "../web/web-routes.ts";
import { addChatRoutes } from "./chat-routes.ts";
import { addDashboardRoutes } from "./dashboard-routes.ts";
import type { PagesDoor } from "./door.ts";
import { type Asset, errorPage, ICON_ASSET, STYLE_ASSET } from "./layout.ts";
import { protectPage } from "./page-headers.ts";
import { type PlainError, plainError } from "./plain-errors.ts";
import { errorTitle, sendPage } from "./requests.ts";
import { addSignInRoutes } from "./sign-in-routes.ts";

const FORM_TYPE = "application/x-www-form-urlencoded";

/** A year, in seconds: the path of an asset changes with what it holds. */
const ASSET_SECONDS = 365 * 24 * 60 * 60;

/**
 * Adds the pages to a server, which must refuse requests of other origins before any route sees them, and must bound
 * what a request may hold.
 */
export function registerPages(server: FastifyInstance, door: PagesDoor): void {
  void server.register((assets, _options, done) => {
    addAsset(assets, STYLE_ASSET);
    addAsset(assets, ICON_ASSET);
    if (door.web !== undefined) addWebClient(assets, door.web);
    done();
  });
  void server.register((pages, _options, done) => {
    pages.addHook("onRequest", async (_request, reply) => protectPage(reply, door));
    // Forms as browsers send them, and nothing else, whatever the server around the pages takes.
    pages.removeAllContentTypeParsers();
    pages.addContentTypeParser(FORM_TYPE, { parseAs: "string" }, async (_: FastifyRequest, body: string) =>
      fieldsOf(body),
    );
    pages.setErrorHandler((error, _request, reply) => {
      const { status, text } = explain(error);
      if (status === 500 || passesByItself(error)) door.failed(error);
      return sendPage(reply, door, status, errorPage(undefined, errorTitle(status), text, ""));
    });
    addSignInRoutes(pages, door);
    addDashboardRoutes(pages, door);
    addChatRoutes(pages, door);
    done();
  });
}

function addAsset(server: FastifyInstance, { path, type, body }: Asset): void {
  server.get(path, async (_request, reply) =>
    reply
      .header("cache-control", `public, max-age=${ASSET_SECONDS}, immutable`)
      .header("x-content-type-options", "nosniff")
      .header("cross-origin-resource-policy", "same-origin")
      .type(type)
      .send(body),
  );
}

/** The fields of a form; of several values with one name the first counts. No page has a form with such a pair. */
function fieldsOf(body: string): Readonly<Record<string, string>> {
  const fields = Object.create(null) as Record<string, string>;
  for (const [name, value] of new URLSearchParams(body)) fields[name] ??= value;
  return fields;
}

/** What is told of an error that no route has made a page of. */
function explain(error: unknown): PlainError {
  if (error instanceof CommandError) return plainError(error);
  if (passesByItself(error)) return plainError(new CommandError("unavailable", "an engine is away"));
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
  if (typeof status === "number" && status >= 400 && status < 500) {
    return { code: "bad_request", status, text: status === 413 ? "That was too long." : "The request can’t be read." };
  }
  return { code: "internal", status: 500, text: "Something failed on the server’s side. Its log says what." };
}
