/**
 * Requests that offer to go on in HTTP/2, as Java's own client and `curl --http2` send them: the offer is passed over, and
 * the request is answered as it would be without it, under the same rules.
 */
import { connect, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { sendRaw } from "../support/http-client.ts";
import { HttpPerson } from "../support/http-people.ts";
import { type HttpServer, startHttpServer } from "../support/http-server.ts";
import { until } from "../support/until.ts";

const OFFER = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n";
const CLOSE = OFFER.replace("Connection: ", "Connection: close, ");
const FORM = "Content-Type: application/x-www-form-urlencoded\r\n";

let server: HttpServer;
let host: string;
let alice: HttpPerson;
const sockets: Socket[] = [];

beforeAll(async () => {
  server = await startHttpServer();
  host = `Host: 127.0.0.1:${server.port}\r\n`;
  alice = await HttpPerson.open(server.port, "alice");
});

afterAll(() => server.stop());

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A connection, and what has come on it. */
function open() {
  const socket = connect(server.port, "127.0.0.1");
  sockets.push(socket);
  let heard = "";
  socket.on("data", (chunk) => {
    heard += chunk.toString();
  });
  const statuses = (): readonly string[] => [...heard.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status ?? "");
  const answers = (count: number): Promise<readonly string[]> =>
    until(
      5000,
      () => `${count} answers; heard ${heard}`,
      () => (statuses().length >= count ? statuses() : undefined),
    );
  return { socket, answers, heard: () => heard };
}

const posted = (text: string, headers = OFFER): string =>
  `POST /chats/general/messages HTTP/1.1\r\n${host}${headers}${FORM}Cookie: user_id=${alice.id}\r\n` +
  `Content-Length: ${`content=${text}`.length}\r\n\r\ncontent=${text}`;

describe("an offer to go on in HTTP/2", () => {
  it("HTTP-1 is passed over, on one connection again and again, with a body in one piece or in several", async () => {
    const warnings: Error[] = [];
    const warned = (warning: Error): void => void warnings.push(warning);
    process.on("warning", warned);
    const { socket, answers, heard } = open();
    for (let number = 1; number <= 12; number++) {
      const request = posted(`word-${number}`);
      const middle = number % 2 === 0 ? request.length : request.length - 3;
      socket.write(request.slice(0, middle));
      // The rest comes when the head has been read.
      await new Promise((resolve) => setImmediate(resolve));
      socket.write(request.slice(middle));
      expect((await answers(number)).at(-1)).toBe("200");
    }
    socket.write(`GET /healthz HTTP/1.1\r\n${host}\r\n`);
    expect((await answers(13)).at(-1)).toBe("200");
    expect(heard().match(/"content":"word-\d+"/g)).toHaveLength(12);
    process.off("warning", warned);
    expect(warnings).toEqual([]);
  });

  it("leaves what else the client says of the connection as it is", async () => {
    const answer = await sendRaw(server.port, `GET /healthz HTTP/1.1\r\n${host}${CLOSE}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close/);
  });

  it("AUTH-4 WIRE-21 gets nobody past what every request must pass", async () => {
    const origin = await sendRaw(
      server.port,
      `GET /rooms HTTP/1.1\r\n${host}${CLOSE}Origin: http://evil.example\r\n\r\n`,
    );
    expect(origin).toMatch(/^HTTP\/1\.1 403 /);
    // Without the three headers of the offer there are few enough; but which were left out nobody knows.
    const many = Array.from({ length: 80 }, (_, number) => `x-${number}: 1\r\n`).join("");
    const refused = await sendRaw(server.port, `GET /rooms HTTP/1.1\r\n${host}${CLOSE}${many}Origin: null\r\n\r\n`);
    expect(refused).toMatch(/^HTTP\/1\.1 4\d\d /);
  });

  it.each([
    ["HTTP/2", OFFER],
    [
      "WebSocket",
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    ],
  ])("HTTP-2 closes the connection where answers are still on their way: %s", async (_, offer) => {
    const { socket, heard } = open();
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => undefined);
    socket.write(`${posted("first", "")}GET /ws HTTP/1.1\r\n${host}${offer}\r\n`);
    await closed;
    expect(heard()).not.toContain("101 Switching");
    const next = await sendRaw(server.port, `GET /healthz HTTP/1.1\r\n${host}Connection: close\r\n\r\n`);
    expect(next).toMatch(/^HTTP\/1\.1 200 /);
  });
});
