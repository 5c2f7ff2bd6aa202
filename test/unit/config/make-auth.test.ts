/** The settings of who is who: what the mode decides, what jwt and TLS need, and what is refused in which words. */
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { DEFAULT_LIMITS } from "../../../src/protocol/limits.ts";
import { makeConfig } from "../../../src/server/config/make-config.ts";
import { printConfig } from "../../../src/server/config/print-config.ts";
import { StartError } from "../../../src/server/start-error.ts";
import { sourcesOf } from "../../support/config-sources.ts";

type Flags = Readonly<Record<string, string | true>>;

function load(flags: Flags, file?: string) {
  return makeConfig(sourcesOf({ flags, file }));
}

function refusal(flags: Flags, file?: string): string {
  try {
    load(flags, file);
  } catch (error) {
    expect(error).toBeInstanceOf(StartError);
    return (error as StartError).message;
  }
  throw new Error("was not refused");
}

const JWT: Flags = {
  auth: "jwt",
  "jwt-jwks-url": "https://id.example/keys",
  "jwt-algorithm": "RS256",
  "jwt-issuer": "https://id.example",
  "jwt-audience": "chat",
};

const without = (flags: Flags, name: string): Flags =>
  Object.fromEntries(Object.entries(flags).filter(([key]) => key !== name));

describe("who is who", () => {
  it("depends on the mode where nothing else is said: closed and without guests outside open mode", () => {
    expect(load({}).config.auth).toMatchObject({ mode: "open", signUp: "open", guests: true });
    expect(load({ auth: "password" }).config.auth).toMatchObject({ mode: "password", signUp: "closed", guests: false });
    expect(load(JWT).config.auth).toMatchObject({ mode: "jwt", signUp: "closed", guests: false });
    const asked = load({ auth: "password", "sign-up": "invite", guests: "yes", "session-days": "0.5" }).config.auth;
    expect(asked).toMatchObject({ signUp: "invite", guests: true, sessionDays: 0.5 });
    expect(load({ guests: "no" }).config.auth.guests).toBe(false);
    expect(refusal({ auth: "none" })).toBe('--auth: must be one of open, password, jwt, not "none"');
    expect(refusal({ guests: "perhaps" })).toContain("--guests: must be true or false");
    expect(refusal({ "session-days": "0" })).toBe('--session-days: must be a number above 0, not "0"');
  });

  it("limits people who sign in more closely, unless told otherwise", () => {
    expect(load({}).config.limits).toEqual(DEFAULT_LIMITS);
    const limits = { ...DEFAULT_LIMITS, sessionsPerAddressMax: 200, messagesPerSecond: 20 };
    expect(load({ auth: "password" }).config.limits).toEqual(limits);
    expect(
      load({ auth: "password" }, "limits: {messagesPerSecond: 0, sessionsPerAddressMax: 5}").config.limits,
    ).toEqual({
      ...limits,
      messagesPerSecond: 0,
      sessionsPerAddressMax: 5,
    });
  });

  it("lets accounts listen where others reach them, and warns where passwords would travel in the clear", () => {
    const flags = { auth: "password", tcp: "0.0.0.0:8080", http: "0.0.0.0:8000" };
    expect(load(flags).warnings).toEqual([
      "passwords and tokens travel in the clear on 0.0.0.0:8080 and 0.0.0.0:8000; set --tls-cert and --tls-key, or put a proxy with TLS in front and name it with --trust-proxy",
    ]);
    const tls = { ...flags, "tls-cert": "c.pem", "tls-key": "k.pem" };
    expect(load(tls).warnings).toEqual([]);
    expect(load({ ...tls, "tls-doors": "http" }).warnings[0]).toContain("in the clear on 0.0.0.0:8080;");
    expect(load({ ...flags, "trust-proxy": "10.0.0.0/8" }).warnings).toEqual([]);
    expect(load({ auth: "password" }).warnings).toEqual([]);
    expect(refusal({ auth: "open", http: "0.0.0.0:8000" })).toContain("choose --auth password or --auth jwt");
    expect(load({ auth: "open", "open-anyway": true, http: "0.0.0.0:8000" }).warnings).toHaveLength(1);
  });

  it("prints itself as YAML that makes the same configuration again", () => {
    const all: Flags = {
      ...JWT,
      "jwt-admin-claim": "roles=chat=admin",
      "jwt-name-claim": "preferred_username",
      guests: "yes",
      "session-days": "7",
      "tls-cert": "c.pem",
      "tls-key": "k.pem",
      "tls-doors": "tcp",
      "trust-proxy": "10.0.0.0/8, ::1",
      "proxy-protocol": true,
      origin: "https://chat.example.org,http://localhost:5173",
      ops: "127.0.0.1:9000",
    };
    const secret = { ...without(all, "jwt-jwks-url"), "jwt-secret-file": "s", "jwt-algorithm": "HS256" };
    for (const flags of [{}, { auth: "password" }, all, secret]) {
      const loaded = load(flags);
      const text = printConfig(loaded);
      expect(load({}, text).config).toEqual(loaded.config);
      expect(parse(text)).toHaveProperty("jwt.userClaim", "sub");
    }
  });
});

describe("jwt", () => {
  it("takes keys from one place, one algorithm, an issuer and an audience", () => {
    expect(load({ ...JWT, "jwt-admin-claim": "admin" }).config.auth.jwt).toEqual({
      keys: { type: "jwks_url", url: "https://id.example/keys" },
      algorithm: "RS256",
      issuer: "https://id.example",
      audience: "chat",
      userClaim: "sub",
      nameClaim: "name",
      adminClaim: { name: "admin", value: undefined },
    });
    const file =
      "auth: jwt\njwt: {secretFile: ./secret, algorithm: HS256, issuer: i, audience: a, adminClaim: roles=x}";
    expect(load({}, file).config.auth.jwt).toMatchObject({
      keys: { type: "secret_file", path: "/etc/verbatim/secret" },
      adminClaim: { name: "roles", value: "x" },
    });
  });

  it.each(["jwt-algorithm", "jwt-issuer", "jwt-audience"])("refuses to do without --%s", (flag) => {
    expect(refusal(without(JWT, flag))).toContain(`set --${flag}`);
  });

  it("refuses keys from nowhere or from two places, and a key that does not fit the algorithm", () => {
    expect(refusal(without(JWT, "jwt-jwks-url"))).toContain("from one place, not 0");
    expect(refusal({ ...JWT, "jwt-jwks-file": "keys.json" })).toContain("from one place, not 2");
    expect(refusal({ ...JWT, "jwt-algorithm": "HS256" })).toBe(
      "--jwt-algorithm: HS256 is checked with --jwt-secret-file; set that, or another algorithm",
    );
    expect(refusal({ ...without(JWT, "jwt-jwks-url"), "jwt-secret-file": "s" })).toContain("a public key or JWKS");
    for (const algorithm of ["none", "RS1", "", "HS1"]) {
      expect(refusal({ ...JWT, "jwt-algorithm": algorithm })).toContain("--jwt-algorithm: must be one of HS256");
    }
  });

  it("fetches keys over TLS only, but on this machine", () => {
    for (const url of ["http://127.0.0.1:9/k", "http://[::1]/k", "https://id.example/k?x=1"]) {
      expect(load({ ...JWT, "jwt-jwks-url": url }).config.auth.jwt?.keys).toEqual({ type: "jwks_url", url });
    }
    for (const url of [
      "http://id.example/k",
      "file:///etc/k",
      "https://a:b@id.example/k",
      "http://127.0.0.1.evil/k",
      "k",
    ]) {
      expect(refusal({ ...JWT, "jwt-jwks-url": url })).toContain("--jwt-jwks-url: must be an https:// address");
    }
  });

  it("refuses its settings where the mode is another, and sign-up where it is this", () => {
    expect(refusal({ "jwt-issuer": "x" })).toBe(
      "--jwt-issuer: it means something with --auth jwt only; add that, or drop it",
    );
    expect(refusal({ ...JWT, "sign-up": "open" })).toContain("--sign-up: with jwt accounts come from");
  });
});

describe("certificate, proxies and origins", () => {
  it("are paths, networks and origins in one way of writing", () => {
    const { config } = load({
      "tls-cert": "c.pem",
      "tls-key": "/k.pem",
      "trust-proxy": "10.0.0.1/8,2001:DB8::0/32, 127.0.0.1",
      "proxy-protocol": true,
      origin: "HTTPS://Chat.Example.org:443/",
    });
    expect(config.tls).toEqual({ cert: "/srv/chat/c.pem", key: "/k.pem", http: true, tcp: true });
    expect(config.trustProxy).toEqual(["10.0.0.1/8", "2001:db8::/32", "127.0.0.1/32"]);
    expect(config.proxyProtocol).toBe(true);
    expect(config.origins).toEqual(["https://chat.example.org"]);
    const listed = load({}, "trustProxy: [10.0.0.0/8, '::1']\norigin:\n  - http://localhost:5173\n").config;
    expect(listed.trustProxy).toEqual(["10.0.0.0/8", "::1/128"]);
    expect(listed.origins).toEqual(["http://localhost:5173"]);
  });

  it("are refused where they are half or something else", () => {
    expect(refusal({ "tls-cert": "c" })).toBe("--tls-cert: a certificate needs its key; set --tls-key FILE");
    expect(refusal({ "tls-key": "k" })).toContain("--tls-key: a key needs its certificate");
    expect(refusal({ "tls-doors": "http" })).toContain("--tls-doors: there is no certificate");
    expect(refusal({ "proxy-protocol": true })).toContain("--proxy-protocol: nobody's word is taken");
    for (const networks of ["10.0.0.0/33", "::/129", "10.0.0", "proxy.example", "10.0.0.1,", "10.0.0.0/8/8", "[::1]"]) {
      expect(refusal({ "trust-proxy": networks })).toContain("--trust-proxy: must be addresses or networks");
    }
    for (const origin of ["chat.example.org", "https://a/b", "https://a?b", "ws://a", "null", "*", "https://u@a"]) {
      expect(refusal({ origin })).toContain("--origin: must be origins such as");
    }
  });
});
