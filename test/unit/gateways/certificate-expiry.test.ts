/** Whoever runs a server hears in time that its certificate is about to expire. */
import { describe, expect, it } from "vitest";
import { CertificateExpiry } from "../../../src/server/gateways/certificate-expiry.ts";
import { HandClock } from "../../support/hand-clock.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

function world(days: number) {
  const clock = new HandClock();
  const certificate = { validUntil: clock.now() + days * DAY_MS };
  const said: string[] = [];
  const logger = {
    warn: (facts: object, text: string) => void said.push(`warn ${JSON.stringify(facts)} ${text}`),
    error: (facts: object, text: string) => void said.push(`error ${JSON.stringify(facts)} ${text}`),
  };
  const expiry = new CertificateExpiry(certificate, clock, logger as never);
  return { clock, certificate, said, expiry };
}

describe("a certificate's expiry", () => {
  it("is told from two weeks before on, once a day, and louder when it has come", async () => {
    const { clock, said } = world(16.5);
    expect(said).toEqual([]);
    await clock.advance(2 * DAY_MS);
    expect(said).toEqual([]);
    await clock.advance(DAY_MS);
    const until = new Date(clock.now() + 13.5 * DAY_MS).toISOString();
    const advice = "put a new one in its place and send SIGHUP";
    expect(said).toEqual([`warn {"validUntil":"${until}"} the certificate expires within 14 days: ${advice}`]);
    await clock.advance(13 * DAY_MS);
    expect(said).toHaveLength(14);
    expect(said.at(-1)).toContain("expires within a day:");
    await clock.advance(DAY_MS);
    expect(said.at(-1)).toBe(
      `error {"validUntil":"${until}"} the certificate has expired, clients refuse it: ${advice}`,
    );
  });

  it("is told at once where the server starts with it", () => {
    expect(world(3).said).toHaveLength(1);
    expect(world(-1).said[0]).toMatch(/^error /);
  });

  it("is no matter any more once a new one is there, nor after the end", async () => {
    const { clock, certificate, said, expiry } = world(3);
    certificate.validUntil += 90 * DAY_MS;
    expiry.look();
    await clock.advance(10 * DAY_MS);
    expect(said).toHaveLength(1);
    expiry.close();
    expect(clock.timers).toBe(0);
  });
});
