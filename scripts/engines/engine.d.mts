/**
 * The types of engine.mjs.
 */

/** How to start an engine. */
export interface EngineStart {
  /** The port to listen on; a free one unless told. */
  readonly port?: number;
  /** Where its data is and stays; a temporary folder that goes away with it unless told. */
  readonly dir?: string;
  readonly heapMiB?: number;
  /** Whether it lives for minutes, as for a test, which it does unless told. */
  readonly isBrief?: boolean;
  /** Calls the start off. */
  readonly signal?: AbortSignal;
}

/** What an engine shows that speaks TLS alone and asks for a user and a password. */
export interface EnginePapers {
  /** A PKCS #12 file with its certificate and key, and the password of that file. */
  readonly keystore: string;
  readonly keystorePassword: string;
  /** A PEM file with the authority that signed the certificate, which is for 127.0.0.1. */
  readonly ca: string;
}

/** An engine's process. */
export interface Engine {
  readonly name: string;
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly port: number;
  readonly dir: string;
  /** `undefined` while it does not run. */
  readonly pid: number | undefined;
  readonly ended: Promise<{ readonly wasAsked: boolean }>;
  /** After `stop` or `kill`: on the same port and data; resolves when it answers. */
  start(): Promise<Engine>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  pause(): void;
  resume(): void;
  remove(): Promise<void>;
  lastWords(): Promise<string>;
}

export function freePorts(count: number): Promise<number[]>;
