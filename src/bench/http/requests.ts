/**
 * Load tool, HTTP requests out: those of the set-up as text, and posts as a template into which only digits are written,
 * so that a post costs neither a string nor an allocation. Touches no socket.
 */
import { messageText, stampText } from "../message-layout.ts";
import { authority } from "../web-socket-frames.ts";

/** Where requests go. */
export interface HttpAddress {
  readonly host: string;
  readonly port: number;
}

const FORM = "application/x-www-form-urlencoded";

/** A request with a form, or without a body where `form` is `undefined`. */
export function requestText(
  address: HttpAddress,
  method: string,
  path: string,
  options: { readonly cookie: string | undefined; readonly form: string | undefined },
): string {
  const { cookie, form } = options;
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${authority(address)}`,
    ...(cookie === undefined ? [] : [`Cookie: ${cookie}`]),
    ...(form === undefined ? [] : [`Content-Type: ${FORM}`, `Content-Length: ${Buffer.byteLength(form)}`]),
  ];
  return `${lines.join("\r\n")}\r\n\r\n${form ?? ""}`;
}

/** The posts of one user to one chat. */
export class PostTemplate {
  readonly #bytes: Buffer;
  readonly #textAt: number;

  constructor(
    address: HttpAddress,
    post: { chat: string; cookie: string; run: string; stream: number; textBytes: number },
  ) {
    const text = messageText(post.run, { stream: post.stream, number: 0, micros: 0 }, post.textBytes);
    // Letters, digits and spaces only: in a form each is one byte as well.
    const form = `content=${text.replaceAll(" ", "+")}`;
    const request = requestText(address, "POST", `/chats/${post.chat}/messages`, { cookie: post.cookie, form });
    this.#bytes = Buffer.from(request);
    this.#textAt = this.#bytes.length - post.textBytes;
  }

  /** The bytes of message `number`; they are used again by the next call. */
  post(number: number, micros: number): Buffer {
    stampText(this.#bytes, this.#textAt, number, micros);
    return this.#bytes;
  }
}
