/** Which setting a start blames where an engine turns it away, by what the drivers really throw. */
import { once } from "node:events";
import { type AddressInfo, createServer as createPlainServer, type Server } from "node:net";
import { createServer } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { type BlamedEngine, blamed } from "../../../src/server/compose/engine-blame.ts";
import { loadDriver } from "../../../src/server/cql/driver.ts";
import { cqlError } from "../../../src/server/cql/errors.ts";
import type { KafkaOptions } from "../../../src/server/kafka/connection.ts";
import { loadKafka } from "../../../src/server/kafka/library.ts";
import { TopicForbidden } from "../../../src/server/kafka/topic-metadata.ts";
import { ensureTopic } from "../../../src/server/kafka/topics.ts";
import { StartError } from "../../../src/server/start-error.ts";
import { makeCertificate } from "../../support/certificate.ts";

const { errors } = await loadDriver();
const { AuthenticationError, NetworkError, ProtocolError } = await loadKafka();

const login = { user: "chat", password: { type: "text", text: "hush" } } as const;
const KAFKA: BlamedEngine = {
  name: "kafka",
  who: "Kafka at broker:9092",
  config: { login, tls: { ca: undefined } },
  mechanism: "SCRAM-SHA-512",
};
const CQL: BlamedEngine = { ...KAFKA, name: "cql", who: "the database at db:9042", mechanism: undefined };
const plain = (engine: BlamedEngine): BlamedEngine => ({ ...engine, config: { login: undefined, tls: undefined } });

/** What the Kafka library throws where a broker answers an attempt to log in with an error. */
const sasl = (apiId: string): Error =>
  new NetworkError("Connection to broker:9092 failed.", {
    cause: new AuthenticationError("SASL authentication failed.", {
      cause: Object.assign(new Error("Received response with error while executing API SaslAuthenticate(v2)"), {
        errors: [new ProtocolError(apiId)],
      }),
    }),
  });
const node = (inner: Error): Error =>
  cqlError("connecting to the database", new errors.NoHostAvailableError({ db: inner }));
const coded = (code: string, message: string): Error => Object.assign(new Error(message), { code });

const servers: Server[] = [];

afterEach(async () => {
  // Ends only when nobody is connected any more.
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

/** What a start that asks for a topic meets at a server. */
async function meets(server: Server, tls: KafkaOptions["tls"]): Promise<unknown> {
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const options = { brokers: [{ host: "127.0.0.1", port }], tls, sasl: undefined };
  const settings = { name: "t", partitions: 1, replication: 1, kind: "log", create: false } as const;
  return await ensureTopic(options, settings).catch((error: unknown) => error);
}

describe("STOP-1 a start that an engine turns away", () => {
  const certificate = "its certificate is ";
  const cases: readonly (readonly [what: string, engine: BlamedEngine, error: Error, says: string])[] = [
    [
      "a wrong password",
      KAFKA,
      sasl("SASL_AUTHENTICATION_FAILED"),
      "it does not take user chat with this password; look at --kafka-user and --kafka-password-file (or kafkaPassword), or --kafka-mechanism, which is SCRAM-SHA-512",
    ],
    [
      "a mechanism that is off there",
      KAFKA,
      sasl("UNSUPPORTED_SASL_MECHANISM"),
      "it does not take SCRAM-SHA-512; choose another --kafka-mechanism",
    ],
    [
      "a port without passwords",
      KAFKA,
      sasl("ILLEGAL_SASL_STATE"),
      "it asks nobody for a password on this port; drop --kafka-user, or name the port where it does",
    ],
    [
      "a right that is missing",
      KAFKA,
      new TopicForbidden("Create", "t"),
      "chat may not Create the topic t: give it this right in the brokers' access lists",
    ],
    [
      "a wrong password",
      CQL,
      node(new errors.AuthenticationError("Provided username chat and/or password are incorrect")),
      "it does not take user chat with this password; look at --cql-user and --cql-password-file (or cqlPassword)",
    ],
    [
      "no password",
      plain(CQL),
      node(new errors.AuthenticationError("db requires authentication, but no authenticator found")),
      "it asks for a user and a password; set --cql-user NAME and --cql-password-file FILE",
    ],
    [
      "another's name",
      CQL,
      node(coded("ERR_TLS_CERT_ALTNAME_INVALID", "db is not in the cert's list")),
      `${certificate}for somebody else (db is not in the cert's list); name it in --cql as its certificate does, or give it one for this name`,
    ],
    [
      "an unknown authority",
      CQL,
      node(coded("SELF_SIGNED_CERT_IN_CHAIN", "self-signed")),
      `${certificate}signed by nobody whom this node trusts (self-signed); name the authority that signed it with --cql-ca FILE`,
    ],
    [
      "an old certificate",
      CQL,
      node(coded("CERT_HAS_EXPIRED", "expired")),
      `${certificate}not valid now (expired); renew it there, or set the clock`,
    ],
  ];
  for (const [what, engine, error, says] of cases) {
    it(`is told of ${what} in one line, ${engine.name}`, () => {
      const told = blamed(error, engine);
      expect(told).toBeInstanceOf(StartError);
      expect((told as Error).message).toBe(`${engine.who}: ${says}`);
      expect((told as Error).cause).toBe(error);
    });
  }

  it("is told of papers, by whom it really connects to", async () => {
    const one = makeCertificate();
    const unknown = blamed(await meets(createServer(one), { ca: makeCertificate().cert }), KAFKA);
    expect(unknown).toBeInstanceOf(StartError);
    expect((unknown as Error).message).toMatch(
      /^Kafka at broker:9092: .* nobody whom this node trusts .* --kafka-ca FILE$/,
    );
  });

  it("is told of TLS on one side alone", async () => {
    const greets = createPlainServer((socket) =>
      socket
        .on("error", () => undefined)
        .resume()
        .end("+OK hello\r\n"),
    );
    expect(blamed(await meets(greets, { ca: undefined }), KAFKA)).toMatchObject({
      ...{
        name: "StartError",
        message:
          "Kafka at broker:9092: it speaks no TLS on this port; drop --kafka-tls, or name the port where it does",
      },
    });
    // The alert by which TLS answers what is none.
    const alert = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x46]);
    const alerts = createPlainServer((socket) =>
      socket
        .on("error", () => undefined)
        .resume()
        .end(alert),
    );
    expect(blamed(await meets(alerts, undefined), plain(KAFKA))).toMatchObject({
      ...{ name: "StartError", message: "Kafka at broker:9092: it speaks TLS alone on this port; add --kafka-tls" },
    });
  });

  it("goes on waiting where nothing was said, with what may be wrong", async () => {
    const hangsUp = () =>
      createPlainServer((socket) => socket.on("error", () => undefined).once("data", () => socket.destroy()));
    const told = async (tls: KafkaOptions["tls"], engine: BlamedEngine): Promise<string> => {
      const error = blamed(await meets(hangsUp(), tls), engine);
      expect(error).not.toBeInstanceOf(StartError);
      return (error as Error).message;
    };
    expect(await told({ ca: undefined }, KAFKA)).toMatch(/; if it speaks no TLS on this port, drop --kafka-tls$/);
    expect(await told(undefined, plain(KAFKA))).toMatch(
      /; if it asks for TLS on this port, add --kafka-tls; if it asks for a password, set --kafka-user$/,
    );
  });

  it("is told nothing new of an engine that is not there", () => {
    const refused = node(coded("ECONNREFUSED", "connect ECONNREFUSED"));
    expect(blamed(refused, CQL)).toBe(refused);
    const start = new StartError("said before");
    expect(blamed(start, CQL)).toBe(start);
  });
});
