/**
 * Stage 1, the HTTP door: who asks, and from where. Reads what a request shows; whether it is good is the
 * authenticator's to say.
 */
import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import type { SignedIn } from "../../auth/credential.ts";
import { CommandError } from "../../commands/command-error.ts";
import { credentialsOf } from "./credentials.ts";
import type { HttpDoor } from "./door.ts";

/** What of a request may say who sends it. */
export type Request = Pick<IncomingMessage, "headers" | "socket">;

/** Addresses of sockets that are known as the addresses that they are; beyond so many they are found out anew. */
const PEERS_MAX = 1024;

/** Whoever sends a request. */
export class Visitors {
  readonly #door: Pick<HttpDoor, "authenticator" | "proxies">;
  readonly #peers = new Map<string, string>();

  constructor(door: Pick<HttpDoor, "authenticator" | "proxies">) {
    this.#door = door;
  }

  /** The client's network address, as the trusted proxies tell it. Throws `bad_request` where they disagree. */
  address({ socket, headers }: Request): string {
    const peer = socket.remoteAddress ?? "";
    // Without a word of a proxy it depends on nothing else.
    const isDirect = headers["x-forwarded-for"] === undefined && headers.forwarded === undefined;
    const known = isDirect ? this.#peers.get(peer) : undefined;
    if (known !== undefined) return known;
    const address = this.#door.proxies.clientAddress(peer, headers);
    if (address === undefined) throw new CommandError("bad_request", "the proxies disagree on who you are");
    if (isDirect) {
      if (this.#peers.size >= PEERS_MAX) this.#peers.clear();
      this.#peers.set(peer, address);
    }
    return address;
  }

  /** Whether nobody between the client and us, or a proxy that we trust, can read along. */
  isSecure({ socket, headers }: Request): boolean {
    const isEncrypted = (socket as Partial<TLSSocket>).encrypted === true;
    return this.#door.proxies.isSecure(socket.remoteAddress ?? "", isEncrypted, headers);
  }

  /**
   * Who asks: `undefined` where no credential was shown; throws `unauthorized` where it is not valid. `named` = whom the
   * body names, which counts in open mode where there is no cookie.
   */
  identify(
    { headers }: Pick<Request, "headers">,
    address: string,
    named: string | undefined,
  ): Promise<SignedIn | undefined> {
    const { cookie, userIdCookie, bearer } = credentialsOf(headers);
    return this.#door.authenticator.identify({ cookie, userIdCookie, bearer, named, address });
  }
}
