/** The certificate: read from two files, refused where it is no good, and read again while the server runs. */
import { createPrivateKey } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type Server } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCertificate } from "../../../src/server/gateways/tls.ts";
import { StartError } from "../../../src/server/start-error.ts";
import { makeCertificate, type TestCertificate } from "../../support/certificate.ts";

let folder: string;
let files: { cert: string; key: string };
const servers: Server[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "verbatim-tls-"));
  files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
});

afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await rm(folder, { recursive: true, force: true });
});

async function put({ cert, key }: TestCertificate): Promise<void> {
  await writeFile(files.cert, cert);
  await writeFile(files.key, key);
}

/** The name in the certificate that a server shows to a client who trusts `trusted` alone. */
async function nameShownBy(server: Server, trusted: TestCertificate): Promise<string> {
  const { port } = server.address() as AddressInfo;
  return await new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", servername: "localhost", ca: trusted.cert }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

async function serve(context: Awaited<ReturnType<typeof openCertificate>>["context"]): Promise<Server> {
  const server = createServer({ ...context }, (socket) => socket.on("error", () => socket.destroy()));
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return server;
}

const refusalOf = async (): Promise<string> => {
  const error = await openCertificate(files).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StartError);
  expect((error as Error).message).not.toContain("\n");
  return (error as Error).message;
};

describe("a certificate", () => {
  it("is shown to whoever connects, and says until when it is valid", async () => {
    const validUntil = Math.floor(Date.now() / 1000) * 1000 + 5_000_000;
    const own = makeCertificate("one", validUntil);
    await put(own);
    const certificate = await openCertificate(files);
    expect(certificate.validUntil).toBe(validUntil);
    expect(await nameShownBy(await serve(certificate.context), own)).toBe("one");
  });

  it("is not spoken with older versions than TLS 1.2", async () => {
    const own = makeCertificate();
    await put(own);
    const server = await serve((await openCertificate(files)).context);
    const { port } = server.address() as AddressInfo;
    const old = new Promise((resolve, reject) => {
      const options = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
      const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options }, () => {
        socket.destroy();
        resolve("connected");
      });
      socket.on("error", reject);
    });
    await expect(old).rejects.toThrow();
  });

  it("is read again for those who come afterwards, and the old one stays where the new one is no good", async () => {
    const [one, two, three] = [makeCertificate("one"), makeCertificate("two"), makeCertificate("three")];
    await put(one);
    const certificate = await openCertificate(files);
    const server = await serve(certificate.context);
    await put(two);
    server.setSecureContext(await certificate.reload());
    expect(await nameShownBy(server, two)).toBe("two");
    await expect(nameShownBy(server, one)).rejects.toThrow();
    const { context, validUntil } = certificate;
    // As it is between the two writes of a program that renews certificates.
    await writeFile(files.cert, three.cert);
    await expect(certificate.reload()).rejects.toThrow("is not the key of the certificate");
    await writeFile(files.cert, "");
    await expect(certificate.reload()).rejects.toThrow(StartError);
    await rm(files.cert);
    await expect(certificate.reload()).rejects.toThrow("there is no such file");
    expect([certificate.context, certificate.validUntil]).toEqual([context, validUntil]);
    expect(await nameShownBy(server, two)).toBe("two");
    await put(three);
    server.setSecureContext(await certificate.reload());
    expect(await nameShownBy(server, three)).toBe("three");
  });

  it("is refused with a line that names the file and the flag", async () => {
    const [one, two] = [makeCertificate("one"), makeCertificate("two")];
    expect(await refusalOf()).toBe(`--tls-cert: the certificate ${files.cert} can't be read (there is no such file)`);
    await writeFile(files.cert, one.cert);
    expect(await refusalOf()).toBe(`--tls-key: the key ${files.key} can't be read (there is no such file)`);
    await writeFile(files.key, two.key);
    expect(await refusalOf()).toContain(`--tls-key: ${files.key} is not the key of the certificate ${files.cert}`);
    await writeFile(files.key, "hello");
    expect(await refusalOf()).toContain(`--tls-key: the key ${files.key} is not PEM`);
    await writeFile(files.key, one.key);
    await writeFile(files.cert, one.key);
    expect(await refusalOf()).toContain(`--tls-cert: the certificate ${files.cert} is not PEM`);
    await writeFile(files.cert, `${one.cert.slice(0, 200)}\n`);
    expect(await refusalOf()).toContain("--tls-cert");
    await writeFile(files.cert, one.cert);
    const locked = createPrivateKey(one.key).export({
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "x",
    });
    await writeFile(files.key, locked);
    expect(await refusalOf()).toContain("or has a passphrase");
  });

  it("is refused where what is named is a folder", async () => {
    files = { ...files, cert: folder };
    expect(await refusalOf()).toBe(`--tls-cert: the certificate ${folder} can't be read (it is a folder)`);
  });
});
