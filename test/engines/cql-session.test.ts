/** Reaching a real CQL database: its keyspace, TLS, and migrations by several nodes at once. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { createServer } from "node:tls";
import { afterAll, describe, expect, it } from "vitest";
import { systemChance, systemClock } from "../../src/server/clock.ts";
import { checkMigrated, type Migration, migrate } from "../../src/server/cql/migrations.ts";
import { type CqlOptions, type CqlSession, openCql } from "../../src/server/cql/session.ts";
import { makeCertificate, type TestCertificate } from "../support/certificate.ts";
import { cqlOptionsOf } from "../support/cql-keyspace.ts";
import { engines } from "../support/engines.ts";
import { until } from "../support/until.ts";

const made: string[] = [];
const opened: CqlSession[] = [];

function newOptions(): CqlOptions {
  const keyspace = `session_${randomBytes(6).toString("hex")}`;
  made.push(keyspace);
  return cqlOptionsOf(engines().cql, keyspace);
}

async function open(options: CqlOptions, createKeyspace = true): Promise<CqlSession> {
  const session = await openCql(options, { clock: systemClock, chance: systemChance, createKeyspace });
  opened.push(session);
  return session;
}

afterAll(async () => {
  const [session] = opened;
  for (const keyspace of made) await session?.schema(`DROP KEYSPACE IF EXISTS ${keyspace}`);
  await Promise.all(opened.map((each) => each.close()));
});

const MIGRATIONS: readonly Migration[] = [
  { number: 2, name: "notes with colours", statements: ["ALTER TABLE notes ADD IF NOT EXISTS colour text"] },
  { number: 1, name: "notes", statements: ["CREATE TABLE IF NOT EXISTS notes (id int PRIMARY KEY, note text)"] },
];

describe("a keyspace", () => {
  it("is made by whoever may, once, though several come at once; whoever may not says what to do", async () => {
    const options = newOptions();
    await expect(open(options, false)).rejects.toMatchObject({
      ...{ failure: "refused", message: expect.stringMatching(/no keyspace .*verbatim migrate/) },
    });
    const sessions = await Promise.all([open(options), open(options), open(options)]);
    for (const session of sessions) expect(await session.hasTable("notes")).toBe(false);
  });

  it("has a name that needs no quotes", async () => {
    for (const keyspace of ["", "Upper", "a-b", "1st", `x; DROP`, "a".repeat(49)]) {
      await expect(open({ ...newOptions(), keyspace })).rejects.toMatchObject({ failure: "refused" });
    }
  });

  it("is not made with a replication that the database refuses", async () => {
    const options = { ...newOptions(), replication: "{'class': 'NoSuchStrategy'}" };
    await expect(open(options)).rejects.toMatchObject({ failure: "refused" });
  });
});

describe("a database", () => {
  it("that is not there may be there later", async () => {
    const options = { ...newOptions(), contactPoints: [{ host: "127.0.0.1", port: 1 }] };
    await expect(open(options)).rejects.toMatchObject({
      ...{ failure: "unavailable", message: expect.stringContaining("127.0.0.1:1: connect ECONNREFUSED") },
    });
  });

  it("is reached through any contact point that answers", async () => {
    const options = newOptions();
    const contactPoints = [{ host: "127.0.0.1", port: 1 }, ...options.contactPoints];
    expect(await (await open({ ...options, contactPoints })).hasTable("notes")).toBe(false);
  });
});

describe("TLS", () => {
  /** The database behind a door that speaks TLS. */
  async function tlsDoor(certificate: TestCertificate) {
    const { host, port } = newOptions().contactPoints[0] ?? { host: "", port: 0 };
    const sockets = new Set<Socket>();
    const server = createServer(certificate, (client) => {
      const database = connect(port, host);
      for (const socket of [client, database]) {
        sockets.add(socket);
        socket.on("error", () => undefined);
        socket.on("close", () => {
          client.destroy();
          database.destroy();
        });
      }
      client.pipe(database).pipe(client);
    });
    server.on("tlsClientError", () => undefined);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return {
      port: (server.address() as AddressInfo).port,
      close: () => {
        for (const socket of sockets) socket.destroy();
        server.close();
      },
    };
  }

  it("is spoken with who shows papers that the authority signed, and with nobody else", async () => {
    const certificate = makeCertificate();
    const door = await tlsDoor(certificate);
    try {
      const options = { ...newOptions(), contactPoints: [{ host: "127.0.0.1", port: door.port }] };
      const session = await openCql(
        { ...options, tls: { ca: certificate.cert } },
        { clock: systemClock, chance: systemChance, createKeyspace: true },
      );
      expect(await session.hasTable("notes")).toBe(false);
      await session.close();
      for (const ca of [undefined, makeCertificate().cert]) {
        await expect(open({ ...options, tls: { ca } })).rejects.toMatchObject({ failure: "refused" });
      }
    } finally {
      door.close();
    }
  });
});

describe("migrations", () => {
  it("run once each, in their order, though several nodes migrate at once", async () => {
    const options = newOptions();
    const sessions = await Promise.all([open(options), open(options), open(options)]);
    const [one] = sessions;
    if (one === undefined) throw new Error("no session");
    expect(await checkMigrated(one, MIGRATIONS)).toEqual([1, 2]);
    const ran = await Promise.all(sessions.map((session) => migrate(session, MIGRATIONS)));
    expect(ran.flat().toSorted()).toEqual([1, 2]);
    expect(await checkMigrated(one, MIGRATIONS)).toEqual([]);
    expect(await migrate(one, MIGRATIONS)).toEqual([]);
    await one.write("INSERT INTO notes (id, note, colour) VALUES (?, ?, ?)", [1, "a", "red"]);
    const rows = await one.rows("SELECT number, name FROM migrations", []);
    expect(new Set(rows.map((row) => `${row["number"]} ${row["name"]}`))).toEqual(
      new Set(["1 notes", "2 notes with colours"]),
    );

    const third = { number: 3, name: "more", statements: ["CREATE TABLE IF NOT EXISTS more (id int PRIMARY KEY)"] };
    expect(await checkMigrated(one, [...MIGRATIONS, third])).toEqual([3]);
    expect(await migrate(one, [...MIGRATIONS, third])).toEqual([3]);
  });

  it("run again what a node that died had done without writing it down", async () => {
    const session = await open(newOptions());
    await migrate(session, MIGRATIONS);
    await session.write("DELETE FROM migrations WHERE number = 2", []);
    expect(await migrate(session, MIGRATIONS)).toEqual([2]);
  });

  it("wait for a node that is at it, and go on when it has died and its turn has run out", async () => {
    const session = await open(newOptions());
    await migrate(session, MIGRATIONS.slice(1));
    const turn = "INSERT INTO migration_lock (name, holder) VALUES ('turn', 'dead') IF NOT EXISTS USING TTL 3";
    expect((await session.conditional(turn, [])).applied).toBe(true);
    let isDone = false;
    const migrating = migrate(session, MIGRATIONS).finally(() => {
      isDone = true;
    });
    await until(
      30_000,
      () => "the turn of the dead to run out",
      async () => {
        const wasDone = isDone;
        const [row] = await session.serialRows("SELECT holder FROM migration_lock WHERE name = 'turn'", []);
        if (row?.["holder"] !== "dead") return true;
        expect(wasDone).toBe(false);
        return undefined;
      },
    );
    expect(await migrating).toEqual([2]);
  });

  it("that fail leave their turn to the next, and are not taken for done", async () => {
    const session = await open(newOptions());
    const broken = { number: 3, name: "broken", statements: ["ALTER TABLE no_such_table ADD x text"] };
    await expect(migrate(session, [...MIGRATIONS, broken])).rejects.toMatchObject({ failure: "refused" });
    expect(await checkMigrated(session, [...MIGRATIONS, broken])).toEqual([3]);
    const repaired = { ...broken, statements: ["ALTER TABLE notes ADD IF NOT EXISTS x text"] };
    expect(await migrate(session, [...MIGRATIONS, repaired])).toEqual([3]);
  });

  it("have numbers of their own", async () => {
    const session = await open(newOptions());
    const twice = [...MIGRATIONS, { number: 2, name: "again", statements: [] }];
    await expect(migrate(session, twice)).rejects.toThrow(/two migrations 2/);
  });
});
