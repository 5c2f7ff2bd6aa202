/** Where an operator's commands find accounts: a data folder or a cluster, whatever else is set. */
import { describe, expect, it } from "vitest";
import { type Place, placeSetting } from "../../../src/server/config/place-setting.ts";
import { StartError } from "../../../src/server/start-error.ts";
import { sourcesOf } from "../../support/config-sources.ts";

const place = (flags: Record<string, string>, env: Record<string, string> = {}, file?: string): Place =>
  placeSetting(sourcesOf({ flags, env, file }));

describe("where accounts are", () => {
  it("is the data folder unless a database is named", () => {
    expect(place({})).toEqual({ type: "folder", dir: "/srv/chat/data" });
    expect(place({ data: "x" })).toEqual({ type: "folder", dir: "/srv/chat/x" });
    expect(place({}, {}, "data: var\nauth: nonsense\n")).toEqual({ type: "folder", dir: "/etc/verbatim/var" });
  });

  it("is the database where one is named, whether there are brokers or not", () => {
    const cql = {
      addresses: [{ host: "db", port: 9042 }],
      login: undefined,
      tls: undefined,
      keyspace: "verbatim",
      datacenter: undefined,
      replication: undefined,
    };
    expect(place({ cql: "db:9042" })).toEqual({ type: "cluster", cql });
    const env = { VERBATIM_CQL: "db:9042", VERBATIM_CQL_KEYSPACE: "chat", VERBATIM_KAFKA: "nonsense" };
    expect(place({}, env)).toEqual({ type: "cluster", cql: { ...cql, keyspace: "chat" } });
    const file = "cql: db:9042\ncqlUser: u\ncqlPassword: p\n";
    const login = { user: "u", password: { type: "text", text: "p" } };
    expect(place({}, {}, file)).toEqual({ type: "cluster", cql: { ...cql, login } });
  });

  it("is what a flag says, against what is set elsewhere", () => {
    expect(place({ data: "x" }, { VERBATIM_CQL: "db:9042" }).type).toBe("folder");
    expect(place({ cql: "db:9042" }, { VERBATIM_DATA: "x" }).type).toBe("cluster");
    // An image may set the folder for all its commands.
    expect(place({}, { VERBATIM_CQL: "db:9042", VERBATIM_DATA: "x" }).type).toBe("cluster");
    expect(place({ cql: "off" }, { VERBATIM_CQL: "db:9042" }).type).toBe("folder");
  });

  it("is refused where it is written wrong or twice", () => {
    const refused = (...given: Parameters<typeof place>): string => {
      try {
        place(...given);
      } catch (error) {
        expect(error).toBeInstanceOf(StartError);
        return (error as StartError).message;
      }
      throw new Error("was not refused");
    };
    expect(refused({ cql: "db:9042", data: "x" })).toContain("--data: accounts are in one place");
    expect(refused({ cql: "db" })).toContain("--cql: must be addresses");
    expect(refused({}, { VERBATIM_CQL: "db:1", VERBATIM_CQL_PASSWORD: "p" })).toContain("set --cql-user NAME");
    expect(refused({}, { VERBATIM_CLQ: "db:1" })).toContain("did you mean VERBATIM_CQL?");
  });
});
