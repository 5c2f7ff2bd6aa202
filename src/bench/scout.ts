/**
 * Load tool, the first look: one connection that reads the greeting and so learns the rooms.
 */
import { connect } from "node:net";
import { SharedReadBuffer } from "./bench-socket.ts";
import { BenchWebSocket } from "./bench-web-socket.ts";
import { authority, type WebSocketAddress } from "./web-socket-frames.ts";

/** How long a server may take to greet. */
const GREETING_WITHIN_MS = 10_000;

/** The names of the rooms that a server offers, in its order. Rejects where it does not greet as the wire says. */
export function scoutRooms(host: string, port: number): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    let text = "";
    const fail = (why: string): void => {
      socket.destroy();
      reject(new Error(`${host}:${port} ${why}`));
    };
    socket.setEncoding("utf8");
    socket.setTimeout(GREETING_WITHIN_MS, () => fail("does not greet: is it a server of this wire?"));
    socket.on("error", (error) => fail(`can't be reached: ${error.message}`));
    socket.on("close", () => fail("closed the connection before its greeting."));
    socket.on("data", (chunk: string) => {
      text += chunk;
      const end = text.indexOf("\n");
      if (end < 0) return;
      const rooms = roomsOf(text.slice(0, end));
      if (typeof rooms === "string") {
        fail(rooms);
        return;
      }
      resolve(rooms);
      socket.end('{"_ct":"quit"}\n');
    });
  });
}

/** The same over WebSocket. */
export function scoutWebSocket(address: WebSocketAddress): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer);
      socket.close();
      reject(new Error(`${authority(address)} ${why}`));
    };
    const timer = setTimeout(() => fail("does not greet: is it a server of this wire?"), GREETING_WITHIN_MS);
    const socket: BenchWebSocket = new BenchWebSocket(address, new SharedReadBuffer(), {
      opened: () => undefined,
      reading: () => undefined,
      scanned: () => undefined,
      text: (bytes, from, to) => {
        const rooms = roomsOf(bytes.toString("utf8", from, to));
        if (typeof rooms === "string") {
          fail(rooms);
          return;
        }
        clearTimeout(timer);
        socket.close();
        resolve(rooms);
      },
      lost: (reason) => fail(`can't be reached: ${reason}`),
    });
  });
}

/** The rooms that a greeting names, or what is wrong with it. */
function roomsOf(line: string): readonly string[] | string {
  try {
    const greeting = JSON.parse(line) as { _et: unknown; rs: readonly { n: string }[] };
    if (greeting._et !== "login_successful") throw new Error("no login_successful");
    return greeting.rs.map((room) => room.n);
  } catch {
    return `greets with something else than login_successful: ${JSON.stringify(line.slice(0, 100))}`;
  }
}
