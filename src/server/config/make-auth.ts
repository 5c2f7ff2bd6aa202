/**
 * Configuration, beside all stages: who is who, and the certificate, out of the settings for them. Pure.
 */
import type { z } from "zod";
import type { AuthConfig, JwtConfig, JwtKeys, TlsConfig } from "./config.ts";
import type { configSchema } from "./schema.ts";

/** The settings as they were parsed. */
export type Settings = z.infer<typeof configSchema>;

/** Makes a path of the setting `key` absolute. */
export type PathOf = (key: string, path: string) => string;

/** What is missing for a value, as `key: what to do`. */
export interface Made<T> {
  readonly value: T;
  readonly problems: readonly string[];
}

/** Who is who. What depends on the mode and nobody set is filled in here. */
export function makeAuth(settings: Settings, pathOf: PathOf): Made<AuthConfig> {
  const { auth: mode, openAnyway, sessionDays } = settings;
  const jwt = mode === "jwt" ? makeJwt(settings, pathOf) : undefined;
  const value: AuthConfig = {
    mode,
    openAnyway,
    // Whoever lets others sign up says so: an address on the internet is found within hours.
    signUp: settings.signUp ?? (mode === "open" ? "open" : "closed"),
    guests: settings.guests ?? mode === "open",
    sessionDays,
    jwt: jwt?.value,
  };
  const idle = Object.entries(settings.jwt).find(
    ([name, one]) => one !== undefined && !/^(user|name)Claim$/.test(name),
  );
  if (mode !== "jwt" && idle !== undefined) {
    return { value, problems: [`jwt.${idle[0]}: it means something with --auth jwt only; add that, or drop it`] };
  }
  return { value, problems: jwt?.problems ?? [] };
}

function makeJwt({ jwt, signUp }: Settings, pathOf: PathOf): Made<JwtConfig | undefined> {
  const { jwksUrl, jwksFile, publicKeyFile, secretFile, algorithm, issuer, audience } = jwt;
  const sources: JwtKeys[] = [];
  if (jwksUrl !== undefined) sources.push({ type: "jwks_url", url: jwksUrl });
  if (jwksFile !== undefined) sources.push({ type: "jwks_file", path: pathOf("jwt.jwksFile", jwksFile) });
  if (publicKeyFile !== undefined)
    sources.push({ type: "public_key_file", path: pathOf("jwt.publicKeyFile", publicKeyFile) });
  if (secretFile !== undefined) sources.push({ type: "secret_file", path: pathOf("jwt.secretFile", secretFile) });
  const [keys] = sources;
  const problems: string[] = [];
  if (keys === undefined || sources.length > 1) {
    problems.push(
      `auth: jwt takes its keys from one place, not ${sources.length}: --jwt-jwks-url, --jwt-jwks-file, --jwt-public-key-file or --jwt-secret-file`,
    );
  }
  for (const [key, flag, value] of [
    ["jwt.algorithm", "--jwt-algorithm ALG, the one that tokens are signed with", algorithm],
    ["jwt.issuer", "--jwt-issuer TEXT, what tokens have as `iss`", issuer],
    ["jwt.audience", "--jwt-audience TEXT, what tokens have as `aud`", audience],
  ]) {
    if (value === undefined)
      problems.push(`${key}: jwt needs it, or tokens that were made for others would pass; set ${flag}`);
  }
  // A public key that is taken for a shared secret is the oldest way to forge a token.
  if (algorithm !== undefined && keys !== undefined && algorithm.startsWith("HS") !== (keys.type === "secret_file")) {
    const right = algorithm.startsWith("HS") ? "--jwt-secret-file" : "a public key or JWKS";
    problems.push(`jwt.algorithm: ${algorithm} is checked with ${right}; set that, or another algorithm`);
  }
  if (signUp !== undefined && signUp !== "closed") {
    problems.push("signUp: with jwt accounts come from the identity provider; drop it");
  }
  if (keys === undefined || algorithm === undefined || issuer === undefined || audience === undefined) {
    return { value: undefined, problems };
  }
  const { userClaim, nameClaim } = jwt;
  return {
    value: { keys, algorithm, issuer, audience, userClaim, nameClaim, adminClaim: adminClaim(jwt.adminClaim) },
    problems,
  };
}

/** `roles=chat-admin` → the claim `roles` where it is or lists `chat-admin`; `admin` → where it is `true`. */
function adminClaim(text: string | undefined): JwtConfig["adminClaim"] {
  if (text === undefined) return undefined;
  const at = text.indexOf("=");
  return at < 0 ? { name: text, value: undefined } : { name: text.slice(0, at), value: text.slice(at + 1) };
}

/** The certificate. */
export function makeTls({ tls }: Settings, pathOf: PathOf): Made<TlsConfig | undefined> {
  const { cert, key, doors } = tls;
  if (cert !== undefined && key !== undefined) {
    const isFor = (door: string): boolean => doors === door || doors === "both";
    const paths = { cert: pathOf("tls.cert", cert), key: pathOf("tls.key", key) };
    return { value: { ...paths, http: isFor("http"), tcp: isFor("tcp") }, problems: [] };
  }
  const problems: string[] = [];
  if (cert !== undefined) problems.push("tls.cert: a certificate needs its key; set --tls-key FILE");
  else if (key !== undefined) problems.push("tls.key: a key needs its certificate; set --tls-cert FILE");
  else if (doors !== "both")
    problems.push("tls.doors: there is no certificate; set --tls-cert FILE and --tls-key FILE");
  return { value: undefined, problems };
}
