/**
 * The TCP door behind TLS, and behind a proxy that says whose a connection is: alone and together.
 */
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/protocol/limits.ts";
import { systemClock } from "../../src/server/clock.ts";
import { TcpGateway, type TcpGatewayOptions } from "../../src/server/gateways/tcp.ts";
import { silentTelemetry } from "../../src/server/telemetry/create-telemetry.ts";
import { makeCertificate } from "../support/certificate.ts";
import { HandClock } from "../support/hand-clock.ts";
import { startMemoryServer } from "../support/memory-server.ts";
import { OPEN_DOOR } from "../support/open-auth.ts";
import { until } from "../support/until.ts";

const HEADER = "PROXY TCP4 192.0.2.7 192.0.2.1 4711 8080\r\n";

const closings: (() => unknown)[] = [];

afterEach(async () => {
  for (const closing of closings.splice(0).reverse()) await closing();
});

async function open(more: Partial<TcpGatewayOptions>) {
  const server = await startMemoryServer();
  closings.push(() => server.stop());
  const { sessions, dispatcher, guests } = server.core;
  const telemetry = silentTelemetry();
  const gateway = new TcpGateway({
    ...{ sessions, dispatcher, guests, telemetry, limits: DEFAULT_LIMITS, clock: systemClock },
    ...OPEN_DOOR,
    ...more,
  });
  const { port } = await gateway.listen({ host: "127.0.0.1", port: 0 });
  closings.push(() => gateway.close());
  return { port, gateway, sessions };
}

/** What comes out of a connection. */
function heard(socket: Socket): { text: string; isOver: boolean } {
  const all = { text: "", isOver: false };
  socket.on("data", (chunk) => {
    all.text += chunk.toString();
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    all.isOver = true;
  });
  closings.push(() => socket.destroy());
  return all;
}

const talks = async (socket: Socket): Promise<void> => {
  const all = heard(socket);
  socket.write('{"_ct":"join_room","r":"rust"}\n{"_ct":"send_message","r":"rust","c":"over there"}\n');
  await until(
    5000,
    () => `the message; heard ${all.text}`,
    () => (all.text.includes("over there") ? true : undefined),
  );
  socket.end('{"_ct":"quit"}\n');
  await until(
    5000,
    () => "the close",
    () => (all.isOver ? true : undefined),
  );
};

const encrypted = (port: number, socket?: Socket): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const where = socket === undefined ? { host: "127.0.0.1", port } : { socket };
    const secured = connectTls({ ...where, rejectUnauthorized: false }, () => resolve(secured));
    secured.on("error", reject);
  });

describe("the TCP door", () => {
  it("WIRE-1 speaks TLS as it speaks without, and takes another certificate while it is open", async () => {
    const [first, second] = [makeCertificate(), makeCertificate()];
    const { port, gateway } = await open({ tls: first });
    const before = await encrypted(port);
    await talks(before);
    gateway.setSecureContext(second);
    const after = (await encrypted(port)) as unknown as { getPeerX509Certificate(): { toString(): string } };
    expect(after.getPeerX509Certificate().toString().trim()).toBe(second.cert.trim());
    await talks(after as unknown as Socket);
  });

  it("closes who speaks no TLS to it, or says nothing, and serves the next", async () => {
    const clock = new HandClock();
    const { port } = await open({ tls: makeCertificate(), clock });
    const [plain, silent] = [connect(port, "127.0.0.1"), connect(port, "127.0.0.1")];
    const all = [heard(plain), heard(silent)];
    plain.write('{"_ct":"join_room","r":"rust"}\n'.repeat(20));
    await until(
      5000,
      () => "both to be closed",
      async () => {
        await clock.advance(DEFAULT_LIMITS.signInSecondsMax * 1000);
        return all.every(({ isOver }) => isOver) ? true : undefined;
      },
    );
    expect(all.map(({ text }) => text).join("")).not.toContain("login_successful");
    await talks(await encrypted(port));
  });

  it.each([
    ["without TLS", undefined],
    ["with TLS", makeCertificate()],
  ])("takes a client's address from a trusted proxy, %s", async (_, tls) => {
    const { port, sessions } = await open({ tls, isProxy: () => true });
    const socket = connect(port, "127.0.0.1");
    closings.push(() => socket.destroy());
    // In two pieces, the second with what the client says first.
    socket.write(HEADER.slice(0, 10));
    await until(
      1000,
      () => "a connection",
      () => (socket.readyState === "open" ? true : undefined),
    );
    socket.write(HEADER.slice(10));
    const client = tls === undefined ? socket : await encrypted(port, socket);
    const all = heard(client);
    await until(
      5000,
      () => "the greeting",
      () => (all.text.includes("login_successful") ? true : undefined),
    );
    expect(Array.from(sessions.all(), ({ address }) => address)).toEqual(["192.0.2.7"]);
    await talks(client);
  });

  it("closes a proxy's connection that begins with no header", async () => {
    const { port } = await open({ isProxy: () => true });
    const socket = connect(port, "127.0.0.1");
    const all = heard(socket);
    socket.write('{"_ct":"join_room","r":"rust"}\n');
    await until(
      5000,
      () => "the close",
      () => (all.isOver ? true : undefined),
    );
    expect(all.text).toBe("");
  });
});
