/** Stage 1, gateways: says in time, and once a day, that the certificate is about to expire. Touches the log alone. */
import type { Clock, Timer } from "../clock.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { Certificate } from "./tls.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** Those who renew by themselves do so a month before; two weeks before, something has gone wrong. */
const TELL_BEFORE_MS = 14 * DAY_MS;

/** Looks at the hour of a certificate, now and once a day. */
export class CertificateExpiry {
  readonly #certificate: Pick<Certificate, "validUntil">;
  readonly #clock: Clock;
  readonly #logger: Pick<Telemetry["logger"], "warn" | "error">;
  readonly #timer: Timer;

  constructor(
    certificate: Pick<Certificate, "validUntil">,
    clock: Clock,
    logger: Pick<Telemetry["logger"], "warn" | "error">,
  ) {
    this.#certificate = certificate;
    this.#clock = clock;
    this.#logger = logger;
    this.#timer = clock.every(DAY_MS, () => this.look());
    this.look();
  }

  /** Says so where there are two weeks left or less. */
  look(): void {
    const { validUntil } = this.#certificate;
    const leftMs = validUntil - this.#clock.now();
    if (leftMs > TELL_BEFORE_MS) return;
    const days = Math.ceil(leftMs / DAY_MS);
    const facts = { validUntil: new Date(validUntil).toISOString() };
    const advice = "put a new one in its place and send SIGHUP";
    if (leftMs <= 0) this.#logger.error(facts, `the certificate has expired, clients refuse it: ${advice}`);
    else this.#logger.warn(facts, `the certificate expires within ${days === 1 ? "a day" : `${days} days`}: ${advice}`);
  }

  /** Looks no more. */
  close(): void {
    this.#timer.cancel();
  }
}
