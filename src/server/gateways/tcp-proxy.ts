/**
 * Stage 1 over TCP: a connection that a trusted proxy opened begins with a header that says whose it is.
 */
import type { Socket } from "node:net";
import { readProxyHeader } from "../auth/proxy-protocol.ts";
import type { Clock } from "../clock.ts";

/**
 * The client's address; the proxy's own where it speaks for itself. What follows the header is left to be read. Rejects
 * where there is no right header within `withinMs`.
 */
export function readClientAddress(socket: Socket, peer: string, clock: Clock, withinMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const stop = (): void => {
      timer.cancel();
      socket.removeListener("data", read);
      socket.removeListener("close", failed);
      socket.removeListener("end", failed);
      socket.pause();
    };
    const failed = (): void => {
      stop();
      reject(new Error("there was no whole PROXY protocol header"));
    };
    const read = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const header = readProxyHeader(bytes);
      if (header.type === "part") return;
      if (header.type === "wrong") {
        failed();
        return;
      }
      stop();
      if (bytes.length > header.length) socket.unshift(bytes.subarray(header.length));
      resolve(header.address ?? peer);
    };
    const timer = clock.after(withinMs, failed);
    socket.on("data", read);
    socket.on("close", failed);
    socket.on("end", failed);
    socket.resume();
  });
}
