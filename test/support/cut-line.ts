/**
 * Test support: a line to a server that can be cut, as when somebody walks out of the range of their network: what went
 * through it breaks off, and nothing new comes through until it is mended. Or it stalls: nothing breaks off, but what the
 * server says stands still.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A line, with an end of its own that clients connect to. */
export interface CutLine {
  readonly port: number;
  cut(): void;
  mend(): void;
  /** Holds what the server says, until `flow`. */
  stall(): void;
  flow(): void;
  close(): Promise<void>;
}

/** Lays a line to a port of this machine. */
export async function layLine(to: number): Promise<CutLine> {
  const sockets = new Set<Socket>();
  /** From the server → to the client. */
  const pairs = new Map<Socket, Socket>();
  let isCut = false;
  let isStalled = false;
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    // What breaks off is meant to.
    return socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(to, "127.0.0.1");
    keep(near).pipe(keep(far));
    if (!isStalled) far.pipe(near);
    pairs.set(far, near);
    near.on("close", () => far.destroy());
    far.on("close", () => {
      pairs.delete(far);
      near.destroy();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const breakOff = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      isCut = true;
      breakOff();
    },
    mend: () => {
      isCut = false;
    },
    stall: () => {
      isStalled = true;
      for (const [far, near] of pairs) far.unpipe(near);
    },
    flow: () => {
      isStalled = false;
      for (const [far, near] of pairs) far.pipe(near);
    },
    close: async () => {
      const closed = once(server, "close");
      server.close();
      breakOff();
      await closed;
    },
  };
}
