/** What connections to engines are opened with: passwords and certificates out of files, and what is wrong with those. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cqlOptions, kafkaOptions } from "../../../src/server/compose/engine-options.ts";
import type { CqlConfig, KafkaConfig } from "../../../src/server/config/config.ts";
import { StartError } from "../../../src/server/start-error.ts";
import { makeCertificate } from "../../support/certificate.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "verbatim-engine-options-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const KAFKA: KafkaConfig = {
  addresses: [{ host: "127.0.0.1", port: 9092 }],
  login: undefined,
  tls: undefined,
  mechanism: "SCRAM-SHA-512",
  topic: "t",
  signalsTopic: "s",
  partitions: 12,
  replication: undefined,
  keepHours: undefined,
  acceptTopic: false,
};

const CQL: CqlConfig = {
  addresses: [{ host: "::1", port: 9042 }],
  login: undefined,
  tls: undefined,
  keyspace: "k",
  datacenter: undefined,
  replication: undefined,
};

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe("the options of a connection", () => {
  it("are plain without a user and without TLS", async () => {
    expect(await kafkaOptions(KAFKA)).toEqual({ brokers: KAFKA.addresses, tls: undefined, sasl: undefined });
    expect(await cqlOptions(CQL)).toEqual({
      ...{ contactPoints: CQL.addresses, keyspace: "k", datacenter: undefined, replication: undefined },
      ...{ user: undefined, password: undefined, tls: undefined },
    });
  });

  it("take a password as it stands, or the first line of its file", async () => {
    const text = { user: "u", password: { type: "text", text: " as it\nstands " } } as const;
    expect((await kafkaOptions({ ...KAFKA, login: text })).sasl).toEqual({
      ...{ mechanism: "SCRAM-SHA-512", user: "u", password: " as it\nstands " },
    });
    const path = await file("password", " hush hush \r\nand more\n");
    const login = { user: "u", password: { type: "file", path } } as const;
    expect((await cqlOptions({ ...CQL, login })).password).toBe(" hush hush ");
  });

  it("STOP-1 refuse a password file that is not there or empty, without showing what is in it", async () => {
    const path = join(folder, "none");
    const login = { user: "u", password: { type: "file", path } } as const;
    await expect(kafkaOptions({ ...KAFKA, login })).rejects.toThrow(
      new StartError(`--kafka-password-file: ${path} can't be read (there is no such file); name another file`),
    );
    await file("none", "\nsecret\n");
    const refused = cqlOptions({ ...CQL, login });
    await expect(refused).rejects.toThrow(`--cql-password-file: the first line of ${path} is empty`);
    await expect(refused).rejects.not.toThrow("secret");
  });

  it("trust the authority of the file, or whom Node trusts", async () => {
    const { cert } = makeCertificate("own");
    const ca = await file("ca.pem", cert);
    expect((await kafkaOptions({ ...KAFKA, tls: { ca } })).tls).toEqual({ ca: cert });
    expect((await cqlOptions({ ...CQL, tls: { ca: undefined } })).tls).toEqual({ ca: undefined });
    const none = await file("none.pem", "no certificate");
    await expect(cqlOptions({ ...CQL, tls: { ca: none } })).rejects.toThrow(
      `--cql-ca: ${none} holds no certificate in PEM; name another file`,
    );
  });
});
