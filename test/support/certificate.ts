/**
 * Test support: certificates for `localhost` and 127.0.0.1, signed by themselves, made here byte by byte, for Node makes
 * none and no other program may be needed.
 */
import { generateKeyPairSync, sign } from "node:crypto";

/** A certificate and its key, as PEM. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

const tlv = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  const size =
    body.length < 128
      ? [body.length]
      : body.length < 256
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
};
const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, ...parts);
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const time = (at: number): Buffer => {
  const digits = new Date(at).toISOString().replace(/[-:T]|\.\d+/g, "");
  return tlv(0x18, Buffer.from(digits));
};

const ECDSA_SHA256 = sequence(hex("06 08 2a8648ce3d040302"));
const COMMON_NAME = hex("06 03 550403");
const SUBJECT_ALT_NAME = hex("06 03 551d11");
const BASIC_CONSTRAINTS = hex("06 03 551d13");

/** Makes one that is valid from a day ago until `validUntil` (milliseconds since the epoch). */
export function makeCertificate(name = "localhost", validUntil = Date.now() + 86_400_000 * 30): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const subject = sequence(tlv(0x31, sequence(COMMON_NAME, tlv(0x0c, Buffer.from(name)))));
  const names = sequence(tlv(0x82, Buffer.from("localhost")), tlv(0x87, Buffer.from([127, 0, 0, 1])));
  const authority = sequence(tlv(0x01, Buffer.from([0xff])));
  const extensions = sequence(
    sequence(BASIC_CONSTRAINTS, tlv(0x01, Buffer.from([0xff])), tlv(0x04, authority)),
    sequence(SUBJECT_ALT_NAME, tlv(0x04, names)),
  );
  const body = sequence(
    tlv(0xa0, hex("02 01 02")),
    tlv(0x02, Buffer.from(`01${Buffer.from(name).toString("hex")}`, "hex")),
    ECDSA_SHA256,
    subject,
    sequence(time(Math.min(Date.now(), validUntil) - 86_400_000), time(validUntil)),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    tlv(0xa3, extensions),
  );
  const signature = sign("sha256", body, privateKey);
  const der = sequence(body, ECDSA_SHA256, tlv(0x03, Buffer.from([0]), signature));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}
