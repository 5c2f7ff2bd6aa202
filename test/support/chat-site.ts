/** Test support: a server for a browser to talk to. */
import { pagesServer } from "./pages-server.ts";

/** A server that listens. */
export interface ChatSite {
  readonly port: number;
  readonly origin: string;
  stop(): Promise<void>;
}

/** Starts one. */
export async function openChatSite(_args: readonly string[]): Promise<ChatSite> {
  const { server } = await pagesServer();
  await server.listen({ host: "127.0.0.1", port: 0 });
  const address = server.server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { port, origin: `http://localhost:${port}`, stop: () => server.close() };
}
