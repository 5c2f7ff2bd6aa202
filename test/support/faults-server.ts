/**
 * Test support, faults: a data folder of its own and the servers on it, real processes, all ended and removed afterwards.
 */
import { mkdtemp, readdir, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ServerStart, type SpawnedServer, startServer } from "./spawned-server.ts";

/** A data folder and its servers. */
export class FaultsFolder {
  readonly dir: string;
  readonly data: string;
  readonly #servers: SpawnedServer[] = [];

  constructor(dir: string) {
    this.dir = dir;
    this.data = join(dir, "data");
  }

  /** Starts a server on the data folder. */
  async start(more: Partial<ServerStart> = {}): Promise<SpawnedServer> {
    const server = await startServer({ dataDir: this.data, ...more });
    this.#servers.push(server);
    return server;
  }

  /** The segment files of the log, the oldest first. */
  async segments(): Promise<readonly string[]> {
    const log = join(this.data, "log");
    return (await readdir(log))
      .filter((name) => name.endsWith(".seg"))
      .sort()
      .map((name) => join(log, name));
  }

  /** Ends every server and removes the folder. */
  async remove(): Promise<void> {
    for (const server of this.#servers.splice(0)) await server.kill("SIGKILL");
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Makes a folder for one test; `under` is another place than the usual one for temporary files. */
export async function faultsFolder(under: string | undefined = undefined): Promise<FaultsFolder> {
  return new FaultsFolder(await mkdtemp(join(under ?? (await realpath(tmpdir())), "verbatim-faults-")));
}
