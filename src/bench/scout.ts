/**
 * Load tool, the first look: one connection that reads the greeting and so learns the rooms.
 */
import { connect } from "node:net";

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
      try {
        const greeting = JSON.parse(text.slice(0, end)) as { _et: unknown; rs: readonly { n: string }[] };
        if (greeting._et !== "login_successful") throw new Error("no login_successful");
        resolve(greeting.rs.map((room) => room.n));
        socket.end('{"_ct":"quit"}\n');
      } catch {
        fail(`greets with something else than login_successful: ${JSON.stringify(text.slice(0, 100))}`);
      }
    });
  });
}
