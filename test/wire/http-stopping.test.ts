/**
 * The HTTP door while the server starts and stops: what was asked is answered, what comes then is told to come back.
 */
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { ask } from "../support/http-client.ts";
import { HttpPerson } from "../support/http-people.ts";
import { startHttpServer } from "../support/http-server.ts";
import { until } from "../support/until.ts";

/** One connection, and all that came on it. */
class Connection {
  text = "";
  isOver = false;
  readonly #socket;

  constructor(port: number) {
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.on("data", (chunk) => {
      this.text += chunk.toString();
    });
    this.#socket.on("error", () => undefined);
    this.#socket.on("close", () => {
      this.isOver = true;
    });
  }

  get(path: string): void {
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  }

  /** Resolves once so many answers have come. */
  async answers(count: number): Promise<readonly string[]> {
    const found = (): readonly string[] => this.text.match(/HTTP\/1\.1 \d+/g) ?? [];
    return await until(
      5000,
      () => `${count} answers in ${this.text}`,
      () => (found().length >= count ? found() : undefined),
    );
  }

  async over(): Promise<void> {
    await until(
      5000,
      () => "the end of the connection",
      () => (this.isOver ? true : undefined),
    );
  }
}

describe("the HTTP door", () => {
  it("STOP-1 names the flag where the port is in use", async () => {
    const server = await startHttpServer();
    await expect(startHttpServer({ httpPort: server.port })).rejects.toThrow(
      `--http: 127.0.0.1:${server.port} is in use by another program; stop it or choose another with --http HOST:PORT`,
    );
    await server.stop();
  });

  it("STOP-1 finishes what is being answered, and tells who asks then to come back", async () => {
    let answer: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const readiness = async () => {
      await asked;
      return { ready: true, checks: {} };
    };
    const server = await startHttpServer({ readiness });
    const [busy, idle] = [new Connection(server.port), new Connection(server.port)];
    idle.get("/healthz");
    await idle.answers(1);
    busy.get("/readyz");
    busy.get("/healthz");
    await ask(server.port, "/healthz");
    server.gateway.stopAccepting();
    busy.get("/healthz");
    await idle.over();
    answer();
    expect(await busy.answers(3)).toEqual(["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 503"]);
    expect(busy.text).toContain('"code":"going_away"');
    expect(busy.text).toMatch(/retry-after: 5/i);
    await expect(ask(server.port, "/healthz")).rejects.toThrow("ECONNREFUSED");
    await server.stop();
    await busy.over();
  });

  it("STOP-1 answers posts that were taken before it stopped, and none is lost", async () => {
    const server = await startHttpServer();
    const alice = await HttpPerson.open(server.port, "alice");
    const chat = await alice.chat("last words");
    const posts = Array.from({ length: 50 }, (_, index) =>
      alice.ask(`/chats/${chat}/messages`, { form: { content: `${index}` } }).catch(() => undefined),
    );
    await until(
      5000,
      () => "the first answer",
      () => Promise.race([posts[0], undefined]),
    );
    const { disk } = server;
    await server.stop();
    const acknowledged = (await Promise.all(posts)).filter((one) => one?.status === 200);
    expect(acknowledged.length).toBeGreaterThan(0);
    const again = await startHttpServer({ disk });
    const kept = (await ask(again.port, `/chats/${chat}/messages`))
      .json<{ message_id: string }[]>()
      .map(({ message_id }) => message_id);
    for (const one of acknowledged) expect(kept).toContain(one?.json()["message_id"]);
    await again.stop();
  });
});
