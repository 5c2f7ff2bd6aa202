/**
 * Stage 1, the pages: what stands in a request, and who sends it.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Actor } from "../../auth/user.ts";
import { CommandError } from "../../commands/command-error.ts";
import { pathOf } from "../http/gate.ts";
import type { PageFrame, PagesDoor } from "./door.ts";
import { documentOf, errorPage, type Page } from "./layout.ts";
import { signInPath } from "./paths.ts";
import { plainError } from "./plain-errors.ts";

/** A route that only somebody who signed in can reach. */
export type SignedInRoute = (who: Actor, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

/** One value of a form, a query or an address; empty where there is none or there are several. */
export function textOf(source: unknown, name: string): string {
  if (typeof source !== "object" || source === null || !Object.hasOwn(source, name)) return "";
  const value: unknown = Reflect.get(source, name);
  return typeof value === "string" ? value : "";
}

/** A cursor of a query: `undefined` where there is none. Throws `bad_field` for what is no seq. */
export function cursorOf(query: unknown, name: string): number | undefined {
  const text = textOf(query, name);
  if (text === "") return undefined;
  const seq = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(seq)) throw new CommandError("bad_field", `${name} must be a whole number`);
  return seq;
}

/** What somebody typed into a text area: a browser sends its line ends as two characters. */
export function typedText(body: unknown, name: string): string {
  return textOf(body, name).replaceAll("\r\n", "\n");
}

/** Who asks: `undefined` where they are not signed in, or not any more. */
export async function whoAsks(door: PagesDoor, request: FastifyRequest): Promise<Actor | "ended" | undefined> {
  try {
    return await door.identify(request);
  } catch (error) {
    if (error instanceof CommandError && error.code === "unauthorized") return "ended";
    throw error;
  }
}

/**
 * Sends a page. The answer to a form stays plain: whoever sent one runs no script, or one that failed, and a client in
 * its place would not know what the page has to say.
 */
export function sendPage(reply: FastifyReply, frame: PageFrame, status: number, page: Page): FastifyReply {
  const { method } = reply.request;
  const isAsked = method === "GET" || method === "HEAD";
  return reply
    .code(status)
    .type("text/html; charset=utf-8")
    .send(documentOf(page, isAsked ? frame : { ...frame, web: undefined }));
}

/** Leads on to another page of this server. */
export function leadTo(reply: FastifyReply, path: string): FastifyReply {
  return reply.redirect(path, 303);
}

/**
 * Has a route asked only by somebody who signed in; others are led to the sign-in page, and what they wrote is shown to
 * them once more. What the route refuses becomes a page.
 */
export function signedIn(door: PagesDoor, route: SignedInRoute) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const who = await whoAsks(door, request);
    const written = typedText(request.body, "content");
    if (who === undefined || who === "ended") {
      if (request.method !== "POST") return leadTo(reply, signInPath(pathOf(request.url)));
      return sendPage(
        reply,
        door,
        401,
        errorPage(undefined, "You are not signed in", "Sign in, then try again.", written),
      );
    }
    try {
      return await route(who, request, reply);
    } catch (error) {
      const { status, text } = plainError(error);
      return sendPage(reply, door, status, errorPage(who.user, errorTitle(status), text, written));
    }
  };
}

/** What a page is called that only says what went wrong. */
export function errorTitle(status: number): string {
  if (status >= 500) return "Not right now";
  return status === 404 ? "Not found" : "That did not work";
}
