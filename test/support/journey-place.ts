/**
 * Test support, journeys: where a journey takes place: one server over a data folder, or two nodes of a cluster, at which
 * its people are then spread. Needs `dist/`.
 */
import { join } from "node:path";
import type { Directory } from "../../src/server/directory/directory.ts";
import { openLmdbDirectory } from "../../src/server/directory/lmdb.ts";
import { type Exit, type SpawnedServer, startServer } from "./spawned-server.ts";

/** Servers that have the same people and chats. */
export class JourneyServers {
  readonly one: SpawnedServer;
  /** Another node where there are two; else the same. */
  readonly other: SpawnedServer;

  constructor(one: SpawnedServer, other: SpawnedServer) {
    this.one = one;
    this.other = other;
  }

  get all(): readonly SpawnedServer[] {
    return [...new Set([this.one, this.other])];
  }

  /** The HTTP addresses, as a person types them. */
  get addresses(): { readonly one: string; readonly other: string } {
    const of = ({ httpPort }: SpawnedServer): string => `http://localhost:${httpPort}`;
    return { one: of(this.one), other: of(this.other) };
  }

  /** Sends a signal to all and resolves with how each ended. */
  kill(signal: NodeJS.Signals): Promise<readonly Exit[]> {
    return Promise.all(this.all.map((server) => server.kill(signal)));
  }

  /** A counter or gauge of all of them together; rejects where one does not have it. */
  async metric(name: string): Promise<number> {
    const found = this.all.map(async ({ httpPort }) => {
      const text = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
      const value = new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1];
      if (value === undefined) throw new Error(`there is no metric ${name}`);
      return Number(value);
    });
    return (await Promise.all(found)).reduce((sum, value) => sum + value, 0);
  }
}

/** Where a journey takes place. What belongs together has the name of a data folder, whether there is one or not. */
export interface JourneyPlace {
  /** Whether what is kept stands in that folder. */
  readonly isFolder: boolean;
  /** How long a test may take in which so many places are begun, in milliseconds. */
  timeoutMs(places: number): number;
  /** Makes what must be there before a command can do anything. */
  prepare(dataDir: string): Promise<void>;
  /** The environment by which a command finds what is kept. */
  env(dataDir: string): Readonly<Record<string, string>>;
  start(dataDir: string, args?: readonly string[]): Promise<JourneyServers>;
  /** Works on the directory, beside whatever runs. */
  directory(dataDir: string, work: (directory: Directory) => Promise<unknown>): Promise<void>;
  /** Removes what is not in the folders. */
  remove(): Promise<void>;
}

/** One server over a data folder. */
export const ONE_SERVER: JourneyPlace = {
  isFolder: true,
  timeoutMs: () => 120_000,
  prepare: async () => undefined,
  env: (dataDir) => ({ VERBATIM_DATA: dataDir }),
  start: async (dataDir, args = []) => {
    const server = await startServer({ dataDir, args });
    return new JourneyServers(server, server);
  },
  directory: async (dataDir, work) => {
    const directory = await openLmdbDirectory({ dir: join(dataDir, "directory"), readOnly: false });
    try {
      await work(directory);
    } finally {
      await directory.close();
    }
  },
  remove: async () => undefined,
};
