/**
 * Stage 1, the pages: `/` and signing up. `POST /login` and `/logout` belong to the HTTP door, which shows this page
 * again where a sign-in from it failed.
 */
import type { FastifyInstance, FastifyReply } from "fastify";
import type { PageFrame, PagesDoor } from "./door.ts";
import { protectPage } from "./page-headers.ts";
import { isChatPath } from "./paths.ts";
import { type PlainError, plainError } from "./plain-errors.ts";
import { leadTo, sendPage, textOf, whoAsks } from "./requests.ts";
import { type RefusedSignIn, signInPage } from "./sign-in-page.ts";

/** Adds the routes. */
export function addSignInRoutes(server: FastifyInstance, door: PagesDoor): void {
  server.get("/", async (request, reply) => {
    const who = await whoAsks(door, request);
    const to = chatPathIn(request.query);
    if (who !== undefined && who !== "ended") return leadTo(reply, to ?? "/dashboard");
    const notice = who === "ended" ? "Your sign-in has ended, or this server does not know it." : undefined;
    return sendPage(reply, door, 200, signInPage({ rules: door, refused: undefined, notice, to }));
  });

  server.post("/ui/sign-up", async (request, reply) => {
    const name = textOf(request.body, "username");
    const password = door.mode === "password" ? textOf(request.body, "password") : undefined;
    const invite = door.signUp === "invite" ? textOf(request.body, "invite").trim() : undefined;
    const address = door.address(request);
    try {
      await door.accounts.create({ name, password, invite }, address);
      door.setCookie(reply, await door.accounts.signIn({ name, password }, address));
    } catch (error) {
      return refuse(reply, door, "sign_up", request.body, error);
    }
    return leadTo(reply, chatPathIn(request.body) ?? "/dashboard");
  });
}

/** Where a query or a form, from anybody, wants to be led; never away from the chats of this server. */
function chatPathIn(source: unknown): string | undefined {
  const to = textOf(source, "to");
  return isChatPath(to) ? to : undefined;
}

/**
 * Answers a sign-in from the page that failed: the page again, with the error beside the form and the name kept. What is
 * no `CommandError` is thrown on, as a fault of the server's own.
 */
export function refuseSignIn(reply: FastifyReply, frame: PageFrame, asked: unknown, error: unknown): FastifyReply {
  protectPage(reply, frame);
  return refuse(reply, frame, "sign_in", asked, error);
}

function refuse(
  reply: FastifyReply,
  frame: PageFrame,
  form: "sign_in" | "sign_up",
  asked: unknown,
  error: unknown,
): FastifyReply {
  const plain = plainError(error);
  const { code, status, text } = plain;
  // Without passwords there is but one thing that can be wrong, and it is no secret.
  const isUnknown = frame.mode === "open" && code === "wrong_credentials";
  const blamed = blamedFor(plain);
  const name = textOf(asked, "username");
  const to = chatPathIn(asked);
  const refused = { form, name, blamed, text: isUnknown ? "Nobody has this name. You can sign up with it." : text };
  return sendPage(reply, frame, status, signInPage({ rules: frame, refused, notice: undefined, to }));
}

/** The field of the sign-up form to look at; for signing in it is always the name. */
function blamedFor({ code, text }: PlainError): RefusedSignIn["blamed"] {
  if (code === "sign_up_closed") return "invite";
  return code === "bad_field" && /^password/i.test(text) ? "password" : "name";
}
