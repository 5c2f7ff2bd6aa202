/** The configuration from flags, environment and file: who wins, what is refused, and in what words. */

import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { DEFAULT_LIMITS } from "../../../src/protocol/limits.ts";
import { makeConfig } from "../../../src/server/config/make-config.ts";
import { printConfig } from "../../../src/server/config/print-config.ts";
import { listSettings } from "../../../src/server/config/settings.ts";
import { StartError } from "../../../src/server/start-error.ts";
import { type Given, sourcesOf } from "../../support/config-sources.ts";

const make = (given: Given) => makeConfig(sourcesOf(given));

function refusal(given: Given): string {
  try {
    make(given);
  } catch (error) {
    expect(error).toBeInstanceOf(StartError);
    const message = (error as StartError).message;
    expect(message).not.toContain("\n");
    return message;
  }
  throw new Error("was not refused");
}

describe("the configuration", () => {
  it("has the documented defaults", () => {
    const { config, warnings } = make({});
    expect(config).toEqual({
      data: "/srv/chat/data",
      rooms: "/opt/verbatim/resources/rooms.json",
      tcp: { host: "127.0.0.1", port: 8080 },
      http: { host: "127.0.0.1", port: 8000 },
      limits: DEFAULT_LIMITS,
      retention: { messages: undefined, days: undefined },
      logKeepBytes: 1024 ** 3,
      cluster: undefined,
      ops: undefined,
      auth: { mode: "open", openAnyway: false, signUp: "open", guests: true, sessionDays: 30, jwt: undefined },
      tls: undefined,
      trustProxy: [],
      proxyProtocol: false,
      origins: [],
      logLevel: "info",
      logFormat: "auto",
    });
    expect(warnings).toEqual([]);
  });

  it("is frozen all the way down", () => {
    const { config } = make({});
    for (const part of [config, config.tcp, config.http, config.limits, config.retention]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it("lets the flag win over the environment, that over the file, that over the default", () => {
    const file = "tcp: 127.0.0.1:1\nhttp: 127.0.0.1:2\nlogLevel: error\n";
    const env = { VERBATIM_TCP: "127.0.0.1:3", VERBATIM_HTTP: "off" };
    const { config, origins } = make({ file, env, flags: { tcp: "[::1]:4" } });
    expect(config.tcp).toEqual({ host: "::1", port: 4 });
    expect(config.http).toBeUndefined();
    expect(config.logLevel).toBe("error");
    expect(config.logFormat).toBe("auto");
    expect(origins.get("tcp")?.name).toBe("--tcp");
    expect(origins.get("http")?.name).toBe("VERBATIM_HTTP");
    expect(origins.get("logLevel")?.name).toBe("logLevel in /etc/verbatim/verbatim.yaml");
    expect(origins.get("logFormat")?.name).toBe("default");
  });

  it("takes every setting from the environment under its own name", () => {
    const names = listSettings().map(({ key, env, flag }) => [key, env, flag]);
    expect(names).toContainEqual(["data", "VERBATIM_DATA", "data"]);
    expect(names).toContainEqual(["limits.outboxBytesMax", "VERBATIM_LIMITS_OUTBOX_BYTES_MAX", undefined]);
    expect(names).toContainEqual(["retain.messages", "VERBATIM_RETAIN_MESSAGES", "retain-messages"]);
    expect(names).toContainEqual(["logKeepBytes", "VERBATIM_LOG_KEEP_BYTES", "log-keep-bytes"]);
    const limits = Object.fromEntries(
      Object.entries(DEFAULT_LIMITS).map(([name, value]) => [name, value + 1]),
    ) as unknown as typeof DEFAULT_LIMITS;
    const env = Object.fromEntries(
      Object.entries(limits).map(([name, value]) => {
        const setting = listSettings().find(({ key }) => key === `limits.${name}`);
        return [setting?.env ?? "missing", String(value)];
      }),
    );
    expect(make({ env }).config.limits).toEqual(limits);
    expect(make({ file: JSON.stringify({ limits }) }).config.limits).toEqual(limits);
  });

  it("reads sizes with units", () => {
    const keep = (text: string) => make({ flags: { "log-keep-bytes": text } }).config.logKeepBytes;
    expect(keep("0")).toBe(0);
    expect(keep("4096")).toBe(4096);
    expect(keep("1GiB")).toBe(1024 ** 3);
    expect(keep("512 mib")).toBe(512 * 1024 ** 2);
    expect(keep("1.5KiB")).toBe(1536);
    expect(keep("2GB")).toBe(2_000_000_000);
    expect(refusal({ flags: { "log-keep-bytes": "1 parsec" } })).toBe(
      '--log-keep-bytes: must be a size in bytes such as 1048576, 512MiB or 1GiB, 0 or more, not "1 parsec"',
    );
    expect(refusal({ flags: { "log-keep-bytes": "-1" } })).toContain("--log-keep-bytes: must be");
    expect(refusal({ flags: { "log-keep-bytes": "9999999TiB" } })).toContain("--log-keep-bytes: must be");
  });

  it("reads retention, off by default", () => {
    const { config } = make({ flags: { "retain-messages": "1000", "retain-days": "0.5" } });
    expect(config.retention).toEqual({ messages: 1000, days: 0.5 });
    expect(make({ env: { VERBATIM_RETAIN_DAYS: "off" } }).config.retention.days).toBeUndefined();
    expect(refusal({ flags: { "retain-messages": "0" } })).toBe(
      '--retain-messages: must be a whole number above 0, or off, not "0"',
    );
    expect(refusal({ flags: { "retain-messages": "1.5" } })).toContain("--retain-messages: must be");
    expect(refusal({ file: "retain: {days: [1]}" })).toBe(
      "retain.days in /etc/verbatim/verbatim.yaml: must be a number above 0, or off",
    );
  });

  it("makes paths absolute: those of the file from the file's folder, the others from here", () => {
    expect(make({ file: "data: ./var" }).config.data).toBe("/etc/verbatim/var");
    expect(make({ flags: { data: "var" } }).config.data).toBe("/srv/chat/var");
    expect(make({ env: { VERBATIM_ROOMS: "../rooms.json" } }).config.rooms).toBe("/srv/rooms.json");
    expect(make({ flags: { data: "/var/lib/verbatim" } }).config.data).toBe("/var/lib/verbatim");
  });

  it.each([
    "8080",
    ":8080",
    "localhost",
    "::1:8080",
    "127.0.0.1:65536",
    "127.0.0.256:80",
    "[127.0.0.1]:80",
    "http://localhost:80",
    "*:80",
    "",
  ])("refuses %j as an address and says what is one", (text) => {
    expect(refusal({ flags: { tcp: text } })).toBe(
      `--tcp: must be HOST:PORT, for example 127.0.0.1:8080 or [::1]:8080; 0.0.0.0 means every address, not ${JSON.stringify(text)}`,
    );
  });

  it("takes port 0 and a host name", () => {
    expect(make({ flags: { tcp: "localhost:0" } }).config.tcp).toEqual({ host: "localhost", port: 0 });
  });

  it("refuses an address that others reach, unless --open-anyway, and then warns", () => {
    expect(refusal({ env: { VERBATIM_TCP: "0.0.0.0:8080" } })).toBe(
      "VERBATIM_TCP: 0.0.0.0:8080 is not a loopback address, and in open mode anybody who reaches it could be anybody; choose --auth password or --auth jwt, or listen on 127.0.0.1, or choose --open-anyway if that is meant",
    );
    expect(refusal({ flags: { http: "[::]:8000" } })).toContain("--http: [::]:8000 is not a loopback address");
    expect(refusal({ flags: { tcp: "chat.example:80" } })).toContain("is not a loopback address");
    const { config, warnings } = make({ flags: { tcp: "0.0.0.0:8080", "open-anyway": true } });
    expect(config.auth.openAnyway).toBe(true);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("open mode on 0.0.0.0:8080");
    expect(warnings[0]).toContain("--open-anyway");
    expect(make({ flags: { "open-anyway": true } }).warnings).toEqual([]);
    for (const host of ["127.9.9.9", "[::1]", "LOCALHOST", "[::ffff:127.0.0.1]"]) {
      expect(make({ flags: { tcp: `${host}:1` } }).warnings).toEqual([]);
    }
  });

  it("refuses names that it does not know and says which was probably meant", () => {
    expect(refusal({ env: { VERBATIM_TPC: "x" } })).toBe(
      "VERBATIM_TPC: there is no such setting, did you mean VERBATIM_TCP?",
    );
    expect(refusal({ file: "log-keep-bytes: 1" })).toBe(
      "/etc/verbatim/verbatim.yaml: log-keep-bytes: there is no such setting, did you mean logKeepBytes?",
    );
    expect(refusal({ file: "limits: {outboxByteMax: 1}" })).toContain("did you mean limits.outboxBytesMax?");
    expect(refusal({ file: "outboxBytesMax: 1" })).toContain("did you mean limits.outboxBytesMax?");
    expect(refusal({ file: "wallpaper: blue" })).toContain("--print-config");
    expect(refusal({ file: "__proto__: {a: 1}" })).toContain("__proto__: there is no such setting");
  });

  it("refuses a file that is none", () => {
    expect(refusal({ file: "tcp: [1" })).toContain("/etc/verbatim/verbatim.yaml: is not YAML: ");
    expect(refusal({ file: "tcp: a\ntcp: b\n" })).toContain("is not YAML: Map keys must be unique at line 2");
    expect(refusal({ file: "- tcp" })).toContain('the file must be settings, each a line "name: value"');
    expect(refusal({ file: "limits: 5" })).toContain("limits must be settings");
    expect(make({ file: "# nothing yet\n" }).config.logLevel).toBe("info");
    expect(make({ file: "limits:\n" }).config.limits).toEqual(DEFAULT_LIMITS);
  });

  it("refuses wrong types and words, each with what would be right", () => {
    const where = "in /etc/verbatim/verbatim.yaml";
    expect(refusal({ file: "logLevel: loud" })).toBe(
      `logLevel ${where}: must be one of debug, info, warn, error, not "loud"`,
    );
    expect(refusal({ file: "openAnyway: perhaps" })).toBe(`openAnyway ${where}: must be true or false, not "perhaps"`);
    expect(refusal({ file: "limits: {sessionsMax: 0}" })).toBe(
      `limits.sessionsMax ${where}: must be a whole number, 1 or more, not 0`,
    );
    expect(refusal({ file: "tcp: 8080" })).toContain(`tcp ${where}: must be HOST:PORT`);
    expect(refusal({ file: "tcp:\n" })).toContain(`tcp ${where}: must be HOST:PORT`);
    expect(refusal({ file: "data: ''" })).toBe(`data ${where}: must be a path, not ""`);
  });

  it("names all that is wrong in one line", () => {
    const line = refusal({ env: { VERBATIM_TCP: "x", VERBATIM_LOG_LEVEL: "y" } });
    expect(line).toMatch(/^VERBATIM_TCP: .*; VERBATIM_LOG_LEVEL: /);
  });

  it("refuses what contradicts itself", () => {
    expect(refusal({ flags: { tcp: "127.0.0.1:8000" } })).toBe(
      "http (default): 127.0.0.1:8000 is what --tcp has already; choose another port",
    );
    expect(refusal({ env: { VERBATIM_LIMITS_MESSAGE_BYTES_MAX: "1MiB" } })).toContain(
      "limits.lineBytesMax (default): 131072 is too small, a message of limits.messageBytesMax must fit into a line; at least 1050624 would be right",
    );
    expect(refusal({ env: { VERBATIM_LIMITS_HISTORY_PAGE_MAX: "10" } })).toBe(
      "VERBATIM_LIMITS_HISTORY_PAGE_MAX: 10 is too small, it is below limits.historyPageDefault; at least 100 would be right",
    );
    expect(refusal({ env: { VERBATIM_LIMITS_APPEND_QUEUE_BYTES_MAX: "1KiB" } })).toContain(
      "VERBATIM_LIMITS_APPEND_QUEUE_BYTES_MAX: 1024 is too small",
    );
    expect(refusal({ env: { VERBATIM_LIMITS_OUTBOX_BYTES_MAX: "200KiB" } })).toContain("a page of limits.pageBytesMax");
    expect(refusal({ env: { VERBATIM_LIMITS_BODY_BYTES_MAX: "16KiB" } })).toBe(
      "VERBATIM_LIMITS_BODY_BYTES_MAX: 16384 is too small, a message of limits.messageBytesMax must fit into a form; at least 51200 would be right",
    );
    expect(refusal({ env: { VERBATIM_LIMITS_FRAME_BYTES_MAX: "16KiB" } })).toContain("must fit into a frame");
    expect(refusal({ env: { VERBATIM_LIMITS_BODY_BYTES_MAX: "1MiB" } })).toContain(
      "limits.membersBodyBytesMax (default)",
    );
    expect(refusal({ flags: { ops: "127.0.0.1:8000" } })).toBe(
      "--ops: 127.0.0.1:8000 is what http (default) has already; choose another port",
    );
  });

  it("prints itself as YAML that makes the same configuration again", () => {
    const loaded = make({
      flags: { tcp: "[::1]:0", http: "off", "retain-messages": "5" },
      env: { VERBATIM_LIMITS_OUTBOX_BYTES_MAX: "2MiB" },
      file: "logLevel: warn",
    });
    const text = printConfig(loaded);
    expect(text).toContain('tcp: "[::1]:0" # --tcp\n');
    expect(text).toContain("http: off # --http\n");
    expect(text).toContain("  messages: 5 # --retain-messages\n");
    expect(text).toContain("  outboxBytesMax: 2097152 # VERBATIM_LIMITS_OUTBOX_BYTES_MAX\n");
    expect(text).toContain("logLevel: warn # logLevel in /etc/verbatim/verbatim.yaml\n");
    expect(text).toContain("logFormat: auto # default\n");
    expect(make({ file: text }).config).toEqual(loaded.config);
    expect(Object.keys(parse(text)).sort()).toEqual(
      [...new Set(listSettings().map(({ key }) => key.split(".")[0]))].sort(),
    );
  });
});
