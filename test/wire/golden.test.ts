/**
 * The golden exchanges over real sockets: a whole server passes them all, and the load tool's relay, which speaks the
 * wire as it always was, passes those it must.
 */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { createRelay } from "../../src/bench/relay.ts";
import { ERROR_CODES } from "../../src/protocol/error-codes.ts";
import {
  GOLDEN_EXCHANGES,
  type GoldenBindings,
  type GoldenExchange,
  goldenMismatch,
} from "../../src/protocol/golden-exchanges.ts";
import { MemoryStore } from "../../src/server/store/memory.ts";
import { tempFolder } from "../support/clean-checkout.ts";
import { type GoldenSubject, goldenRooms, runGolden } from "../support/golden-run.ts";
import { startLocalServer } from "../support/local-server.ts";
import { startMemoryServer } from "../support/memory-server.ts";
import { PROJECT_ROOT } from "../support/project-files.ts";

const rooms = await goldenRooms();

/** The real server, on disk; or, where something must not work, the same pipeline on adapters that can fail. */
async function verbatim({ server }: GoldenExchange): Promise<GoldenSubject> {
  if (server.fault !== undefined) return await faulty(server.fault, server.limits);
  const folder = tempFolder("golden");
  const limits = server.limits;
  const open = async (): Promise<GoldenSubject> => {
    const retention = { messages: server.retainMessages, days: undefined };
    const local = await startLocalServer({ folder: folder.path, limits, retention });
    return {
      port: local.port,
      withAdded: true,
      restart: async () => {
        await local.stop();
        return await open();
      },
      stop: async () => {
        await local.stop();
        folder.remove();
      },
    };
  };
  return await open();
}

async function faulty(fault: string, limits: Readonly<Record<string, number>>): Promise<GoldenSubject> {
  let appends = 0;
  const store = fault === "store unreadable" ? new UnreadableStore() : new MemoryStore();
  const server = await startMemoryServer({
    ...{ rooms, limits, store },
    fate: () => {
      appends += 1;
      if (appends > 1 || fault === "store unreadable") return { delayMs: 0, outcome: "durable" };
      return { delayMs: 0, outcome: fault === "first append not_sent" ? "not_sent" : "unknown_lost" };
    },
  });
  return {
    port: server.port,
    withAdded: true,
    restart: () => Promise.reject(new Error("this server does not restart")),
    stop: () => server.stop(),
  };
}

/** A store that takes what it is given, and gives no history. */
class UnreadableStore extends MemoryStore {
  override range(): Promise<never> {
    return Promise.reject(new Error("the disk is gone"));
  }

  override page(): Promise<never> {
    return Promise.reject(new Error("the disk is gone"));
  }
}

async function relay(): Promise<GoldenSubject> {
  const server = createRelay(rooms);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    withAdded: false,
    restart: () => Promise.reject(new Error("the relay keeps nothing")),
    stop: async () => {
      server.close();
    },
  };
}

describe("the server passes the golden exchanges:", () => {
  it.each(GOLDEN_EXCHANGES.map((exchange) => [exchange.name, exchange] as const))("%s", async (_, exchange) => {
    await runGolden(exchange, await verbatim(exchange));
  });
});

describe("the relay passes the golden exchanges of the wire as it always was:", () => {
  const asItIs = GOLDEN_EXCHANGES.filter((exchange) => exchange.asItIs);
  it.each(asItIs.map((exchange) => [exchange.name, exchange] as const))("%s", async (_, exchange) => {
    await runGolden(exchange, await relay());
  });
});

/** Errors of the other doors, of people with accounts, and of servers that take no guests. */
const elsewhere: readonly string[] = [
  ...["bad_request", "empty_message", "not_found", "method_not_allowed", "unsupported_media_type", "bad_frame"],
  ...["body_too_large", "headers_too_large", "request_timeout", "wrong_origin", "internal"],
  ...["wrong_credentials", "too_many_sign_ins", "sign_up_closed", "name_taken", "unknown_user", "too_many_tokens"],
  ...["unknown_token", "unknown_message", "too_many_chats", "too_many_members", "forbidden", "banned"],
  ...["sign_in_timeout", "signed_out"],
];

describe("the golden exchanges", () => {
  const lines = GOLDEN_EXCHANGES.flatMap(({ steps }) =>
    steps.flatMap((step) => (step.type === "hear" ? [step.line] : step.type === "send" ? [step.text] : [])),
  );

  it("show every error that a guest over TCP can get, but that of a reader who reads nothing", () => {
    const shown = new Set(lines.flatMap((line) => [...line.matchAll(/"code":"(\w+)"/g)].map(([, code]) => code ?? "")));
    expect([...Object.keys(ERROR_CODES)].filter((code) => !shown.has(code) && !elsewhere.includes(code))).toEqual([
      "slow",
    ]);
    expect([...shown].filter((code) => !Object.hasOwn(ERROR_CODES, code))).toEqual([]);
  });

  it("are what the package gives to others, once it is built", () => {
    const script =
      'import * as golden from "verbatim-chat/golden"; console.log(JSON.stringify(golden.GOLDEN_EXCHANGES))';
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
      cwd: PROJECT_ROOT,
      encoding: "utf8",
      maxBuffer: 1 << 24,
    });
    expect(JSON.parse(output)).toEqual(JSON.parse(JSON.stringify(GOLDEN_EXCHANGES)));
  });

  it("notice a line that differs by one byte", () => {
    const bindings: GoldenBindings = new Map();
    const template = '{"u":"‹A.name›"⟦,"v":1⟧}';
    expect(goldenMismatch(template, '{"u":"71OU8","v":1}', bindings, true)).toBeUndefined();
    expect(bindings.get("A.name")).toBe("71OU8");
    expect(goldenMismatch(template, '{"u":"71OU8"}', bindings, false)).toBeUndefined();
    expect(goldenMismatch(template, '{"u":"71OU9"}', bindings, false)).toBe('{"u":"71OU8"}');
    expect(goldenMismatch(template, '{"u":"71OU8"} ', bindings, false)).toBe('{"u":"71OU8"}');
    expect(goldenMismatch(template, '{"u":"71OU8","v":1}', bindings, false)).toBe('{"u":"71OU8"}');
  });
});
