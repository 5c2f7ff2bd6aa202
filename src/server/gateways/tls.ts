/**
 * Stage 1, gateways: the certificate of the doors that speak TLS. Touches its two files, at the start and whenever it is
 * asked to read them again.
 */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import type { TlsConfig } from "../config/config.ts";
import { StartError } from "../start-error.ts";

/** A certificate and its key, as they were when they were last read and good. */
export class Certificate {
  readonly #files: Pick<TlsConfig, "cert" | "key">;
  #context: SecureContextOptions;
  #validUntil: number;

  constructor(files: Pick<TlsConfig, "cert" | "key">, { context, validUntil }: Read) {
    this.#files = files;
    this.#context = context;
    this.#validUntil = validUntil;
  }

  /** What a TLS server is made with, and what `setSecureContext` takes. */
  get context(): SecureContextOptions {
    return this.#context;
  }

  /** Until when it is valid, in milliseconds since the epoch. */
  get validUntil(): number {
    return this.#validUntil;
  }

  /**
   * Reads both files again and gives what is in force from now on.
   * @throws StartError, one line, where they are no good; then the old certificate stays
   */
  async reload(): Promise<SecureContextOptions> {
    const read = await readCertificate(this.#files);
    this.#context = read.context;
    this.#validUntil = read.validUntil;
    return this.#context;
  }
}

/**
 * Reads certificate and key.
 * @throws StartError, one line that says what to do, where one is missing, unreadable or no PEM, or they do not belong
 * together
 */
export async function openCertificate(files: Pick<TlsConfig, "cert" | "key">): Promise<Certificate> {
  return new Certificate(files, await readCertificate(files));
}

interface Read {
  readonly context: SecureContextOptions;
  readonly validUntil: number;
}

async function readCertificate(files: Pick<TlsConfig, "cert" | "key">): Promise<Read> {
  const cert = await readPem("--tls-cert", "the certificate", files.cert);
  const key = await readPem("--tls-key", "the key", files.key);
  // The first certificate of the file is the server's own, what follows its chain.
  const own = parse("--tls-cert", "the certificate", files.cert, () => new X509Certificate(cert));
  parse("--tls-cert", "the certificate", files.cert, () => createSecureContext({ cert }));
  parse("--tls-key", "the key", files.key, () => createSecureContext({ key }));
  const context: SecureContextOptions = { cert, key, minVersion: "TLSv1.2" };
  try {
    createSecureContext(context);
  } catch (error) {
    throw new StartError(
      `--tls-key: ${files.key} is not the key of the certificate ${files.cert}; name the two that belong together (${reason(error)})`,
      { cause: error },
    );
  }
  return { context, validUntil: Date.parse(own.validTo) };
}

async function readPem(flag: string, what: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new StartError(`${flag}: ${what} ${path} can't be read (${reason(error)})`, { cause: error });
  }
}

function parse<T>(flag: string, what: string, path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new StartError(`${flag}: ${what} ${path} is not PEM, or has a passphrase (${reason(error)})`, {
      cause: error,
    });
  }
}

function reason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const words: Readonly<Record<string, string>> = {
    ENOENT: "there is no such file",
    EACCES: "permission denied",
    EISDIR: "it is a folder",
  };
  return words[String(code)] ?? (error instanceof Error ? error.message.replace(/\s+/g, " ") : String(error));
}
