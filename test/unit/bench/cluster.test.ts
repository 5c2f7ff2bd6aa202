/**
 * What the load tool reads of a cluster: whose process listens at a port, how many records wait for the store.
 */

import { existsSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { lagOf } from "../../../src/bench/cluster/lag-watch.ts";
import { listeningInodes, listeningProcess } from "../../../src/bench/cluster/listening-process.ts";
import { enginesOf, HTTP_DEFAULTS, twoPids } from "../../../src/bench/http/http-options.ts";

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2352 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0000000000000000 100 0 0 10 0
   1: 0100007F:2352 0100007F:A1B2 01 00000000:00000000 00:00000000 00000000     0        0 4243 1 0000000000000000 20 4 30 10 -1
   2: 0100007F:2353 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4244 1 0000000000000000 100 0 0 10 0
`;

describe("the process that listens", () => {
  it("is found in the system's table by its port, connections aside", () => {
    expect(listeningInodes(TABLE, 0x2352)).toEqual(["socket:[4242]"]);
    expect(listeningInodes(TABLE, 0xa1b2)).toEqual([]);
    expect(listeningInodes("", 0x2352)).toEqual([]);
  });

  it.skipIf(!existsSync("/proc/net/tcp"))(
    "is this one, for a port of its own, and nobody's for a free one",
    async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      expect(listeningProcess(port)).toBe(process.pid);
      await new Promise((resolve) => server.close(resolve));
      expect(listeningProcess(port)).toBeUndefined();
    },
  );
});

describe("the lag", () => {
  it("is read from a Prometheus text", () => {
    const text = "# HELP consumer_lag Records.\n# TYPE consumer_lag gauge\nconsumer_lag 1200\nconsumer_lag_other 7\n";
    expect(lagOf(text)).toBe(1200);
    expect(lagOf('consumer_lag{node="a"} 3\n')).toBe(3);
    expect(lagOf("up 1\n")).toBeUndefined();
  });
});

describe("engines on the command line", () => {
  it("come in pairs, and not with a server that runs", () => {
    const [kafka, cql] = ["127.0.0.1:1", "127.0.0.1:2"];
    expect(enginesOf(HTTP_DEFAULTS)).toBeUndefined();
    expect(enginesOf({ ...HTTP_DEFAULTS, kafka, cql })).toEqual({ kafka, cql, pids: undefined, plainAtOnce: 50 });
    expect(() => enginesOf({ ...HTTP_DEFAULTS, kafka })).toThrow("belong together");
    expect(() => enginesOf({ ...HTTP_DEFAULTS, kafka, cql, http: "127.0.0.1:3" })).toThrow("engines for one to start");
    expect(twoPids("12,34")).toEqual([12, 34]);
    for (const wrong of ["12", "12,34,56", "a,b", ""]) expect(() => twoPids(wrong)).toThrow();
  });
});
