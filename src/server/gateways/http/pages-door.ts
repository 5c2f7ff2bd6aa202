/**
 * Stage 1, the HTTP door: what the pages are handed of it: the same API and the same ways to know
 * somebody.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { PageFrame, PagesDoor } from "../pages/door.ts";
import { signInCookie } from "./cookies.ts";
import type { HttpDoor } from "./door.ts";
import type { Visitors } from "./visitors.ts";

/** Makes it. */
export function pagesDoor(door: HttpDoor, visitors: Visitors, frame: PageFrame): PagesDoor {
  const { api, accounts, chance, telemetry } = door;
  return {
    ...{ ...frame, accounts, chance, api },
    identify: async ({ raw }: FastifyRequest) => {
      const address = visitors.address(raw);
      const signedIn = await visitors.identify(raw, address, undefined);
      return signedIn === undefined ? undefined : { user: signedIn.user, address };
    },
    address: ({ raw }) => visitors.address(raw),
    setCookie: (reply: FastifyReply, signIn) => {
      reply.header("set-cookie", signInCookie(signIn, visitors.isSecure(reply.request.raw)));
    },
    failed: (error) => telemetry.internalError("pages", error),
  };
}
