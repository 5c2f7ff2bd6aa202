/** The machine's own clock, where the process stood still: what came meanwhile is read before a limit of time is over. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/server/clock.ts";

const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Two ends of a connection. */
async function connection(): Promise<readonly [Socket, Socket]> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const near = connect(typeof address === "object" ? (address?.port ?? 0) : 0, "127.0.0.1");
  const [far] = (await once(server, "connection")) as [Socket];
  server.close();
  sockets.push(near, far);
  return [near, far];
}

/** Keeps the event loop from anything else. */
function standStill(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe("the machine's clock", () => {
  it("reads what came while the process stood still before it calls a timer", async () => {
    const [near, far] = await connection();
    const order: string[] = [];
    near.on("data", () => order.push("data"));
    await new Promise<void>((resolve) => {
      // From here timers are looked at next, and sockets after them.
      setImmediate(() => {
        systemClock.after(1, () => {
          order.push("timer");
          resolve();
        });
        far.write("here in time");
        standStill(500);
      });
    });
    expect(order).toEqual(["data", "timer"]);
  });

  it("calls nothing that was cancelled, in that moment either", async () => {
    const called: string[] = [];
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        const timer = systemClock.after(2, () => called.push("cancelled"));
        systemClock.after(1, () => resolve());
        // Both are due by then and put off to the end of the turn: this comes before them.
        setImmediate(() => timer.cancel());
        standStill(500);
      });
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(called).toEqual([]);
  });
});
