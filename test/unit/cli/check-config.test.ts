/** `--check-config` looks into the files that the configuration names, as the start would. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { serve } from "../../../src/cli/serve.ts";
import { StartError } from "../../../src/server/start-error.ts";
import { makeCertificate } from "../../support/certificate.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "verbatim-check-config-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const check = (flags: Record<string, string>): Promise<number> =>
  serve({ flags: new Map(Object.entries(flags)), config: undefined, printConfig: false, checkConfig: true });

it("takes a certificate with its key, and no other", async () => {
  const [own, other] = [makeCertificate("own"), makeCertificate("other")];
  const files = { "tls-cert": join(folder, "cert.pem"), "tls-key": join(folder, "key.pem") };
  await expect(check(files)).rejects.toThrow("there is no such file");
  await writeFile(files["tls-cert"], own.cert);
  await writeFile(files["tls-key"], other.key);
  await expect(check(files)).rejects.toThrow(StartError);
  await writeFile(files["tls-key"], own.key);
  expect(await check(files)).toBe(0);
});

it("takes a secret that is long enough, and no other", async () => {
  const flags = { auth: "jwt", "jwt-secret-file": join(folder, "secret"), "jwt-algorithm": "HS256" };
  const jwt = { ...flags, "jwt-issuer": "i", "jwt-audience": "a" };
  await writeFile(flags["jwt-secret-file"], "short");
  await expect(check(jwt)).rejects.toThrow("HS256 needs 32 bytes, it has 5");
  await writeFile(flags["jwt-secret-file"], "x".repeat(32));
  expect(await check(jwt)).toBe(0);
});
