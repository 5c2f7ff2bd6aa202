/**
 * Test support: a whole server of its own for a browser to talk to, over a data folder that goes away with it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuthConfig } from "../../src/server/config/config.ts";
import { startLocalServer } from "./local-server.ts";

/** A server that listens. */
export interface ChatSite {
  /** The port of its TCP door. */
  readonly tcpPort: number;
  /** The port of its HTTP door. */
  readonly port: number;
  /** Where its pages are. */
  readonly origin: string;
  stop(): Promise<void>;
}

/** Room for a letter with ten thousand marks. */
const MESSAGE_BYTES_MAX = 32 * 1024;

/** Starts one, in open mode unless told. */
export async function openChatSite(auth: Partial<AuthConfig> = {}): Promise<ChatSite> {
  const folder = mkdtempSync(join(tmpdir(), "verbatim-browser-"));
  const limits = { messageBytesMax: MESSAGE_BYTES_MAX };
  const server = await startLocalServer({ folder, limits, http: true, auth });
  const port = server.httpPort ?? 0;
  return {
    ...{ tcpPort: server.port, port, origin: `http://localhost:${port}` },
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
