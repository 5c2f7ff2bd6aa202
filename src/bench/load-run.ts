/**
 * Load tool, one run from the first connection to the verdict: connect and join, warm up, measure, stop, wait for the
 * rest, check. Talks to one server over sockets; looks at the server's process only through the probe it is handed.
 */
import { SharedReadBuffer } from "./bench-socket.ts";
import { EventScanner } from "./event-scanner.ts";
import { LoadLedger } from "./load-ledger.ts";
import type { LoadPlan } from "./load-plan.ts";
import { type CountedMoment, judge, type Moment, type TimedResult } from "./load-result.ts";
import { LoadUser } from "./load-user.ts";
import { newRunTag } from "./message-layout.ts";
import { type ProcessProbe, probeProcess } from "./process-probe.ts";
import { Schedule } from "./schedule.ts";
import { scoutRooms, scoutWebSocket } from "./scout.ts";
import { Silence, TICK_MS, tickUntil } from "./ticking.ts";
import { tcpDoor, type UserDoor, webSocketDoor } from "./user-door.ts";

/** Where the server is and how it can be watched. */
export interface LoadTarget {
  readonly host: string;
  readonly port: number;
  /** How users come in. */
  readonly over: "tcp" | "websocket";
  /** Its process, where it runs on this machine and is known. */
  readonly probe: ProcessProbe | undefined;
}

/** What a run shows while it goes on. */
export interface LoadView {
  /** One line a second. */
  readonly progress: (line: string) => void;
  /** Looks at the run before connections are closed; for what is measured of an idle server. */
  readonly settled: () => Promise<void>;
}

/** How long nobody may get in, once all should have, before the rest is given up. */
const JOIN_SILENCE_MS = 30_000;

/** How long no delivery may come in the drain before waiting for more is given up. */
const DRAIN_SILENCE_MS = 3_000;

/** How often the run is sampled for its timeline. */
const SAMPLE_MS = 100;

/** Runs a plan against a server; resolves with what was measured, findings included. */
export async function runLoad(target: LoadTarget, plan: LoadPlan, view: LoadView): Promise<TimedResult> {
  const { host, port } = target;
  const address = { host, port, path: "/ws", cookie: undefined };
  const door = target.over === "tcp" ? tcpDoor(host, port) : webSocketDoor(address);
  const rooms = await (target.over === "tcp" ? scoutRooms(host, port) : scoutWebSocket(address));
  if (rooms.length < plan.roomCount) throw new Error(`The server has ${rooms.length} rooms, not ${plan.roomCount}.`);
  const run = new LoadRun(target, door, plan, rooms.slice(0, plan.roomCount), view);
  return run.go();
}

class LoadRun {
  readonly #target: LoadTarget;
  readonly #door: UserDoor;
  readonly #plan: LoadPlan;
  readonly #view: LoadView;
  readonly #ledger: LoadLedger;
  readonly #scanner: EventScanner;
  readonly #shared = new SharedReadBuffer();
  readonly #tool = probeProcess(process.pid);
  readonly #schedule: Schedule;
  readonly #users: LoadUser[] = [];
  readonly #dirty: LoadUser[] = [];
  readonly #timeline: CountedMoment[] = [];
  readonly #startMs = performance.now();
  #joined = 0;
  #lost = 0;
  #sending = false;
  #stopped = false;
  #sampleAtMs = 0;
  #lineAtMs = 1000;
  #lineSent = 0;
  #lineDelivered = 0;

  constructor(target: LoadTarget, door: UserDoor, plan: LoadPlan, rooms: readonly string[], view: LoadView) {
    this.#target = target;
    this.#door = door;
    this.#plan = plan;
    this.#view = view;
    const run = newRunTag();
    this.#ledger = new LoadLedger({ ...plan, due: "sent", anyLayout: false }, run, rooms);
    this.#scanner = new EventScanner(this.#ledger.scan, this.#ledger, door.framing);
    this.#schedule = new Schedule(plan.users.length);
  }

  async go(): Promise<TimedResult> {
    const plan = this.#plan;
    const ledger = this.#ledger;
    const probe = this.#target.probe;
    const rssStart = probe?.sample().rssBytes;
    try {
      if (plan.sendAfterAllJoined) await this.#connectAll();
      const joinMs = this.#ms();
      await this.#view.settled();
      const rssIdle = plan.sendAfterAllJoined ? probe?.sample().rssBytes : undefined;
      this.#startSending();
      const fromMs = this.#ms() + plan.warmupMs;
      // Senders that come late connect while the load goes on already.
      const connecting = plan.sendAfterAllJoined ? Promise.resolve() : this.#connectAll();
      await this.#until(() => this.#ms() >= fromMs || this.#full());
      const before = this.#moment();
      ledger.measureFrom = before.micros;
      // From now on, and not from when the warm-up should have been over: a machine that stood still then is not measured.
      const toMs = this.#ms() + plan.durationMs;
      await this.#until(() => this.#ms() >= toMs || this.#full());
      const after = this.#moment();
      ledger.measureTo = after.micros;
      this.#stopped = true;
      await connecting;
      await this.#drain();
      this.#timeline.push({ micros: this.#micros(), sent: ledger.sent, delivered: ledger.delivered });
      const peak = probe?.sample().peakBytes;
      return judge({
        plan,
        ledger,
        before,
        after,
        timeline: this.#timeline,
        joinMs: plan.sendAfterAllJoined ? joinMs : undefined,
        neverJoined: plan.users.length - this.#joined,
        lost: this.#lost,
        rss: rssStart === undefined ? undefined : { start: rssStart, idle: rssIdle, peak: peak ?? 0 },
      });
    } finally {
      this.#stopped = true;
      for (const user of this.#users) user.close();
    }
  }

  #ms(): number {
    return performance.now() - this.#startMs;
  }

  readonly #micros = (): number => Math.round((performance.now() - this.#startMs) * 1000);

  #full(): boolean {
    return this.#ledger.sent >= this.#plan.messagesMax || (this.#lost > 0 && this.#lost === this.#users.length);
  }

  async #connectAll(): Promise<void> {
    const { users, connectingMax } = this.#plan;
    const lastMs = users.at(-1)?.connectAtMs ?? 0;
    let settled = 0;
    let heardMs = lastMs;
    await this.#until(() => {
      if (this.#joined + this.#lost !== settled) heardMs = Math.max(lastMs, this.#ms());
      settled = this.#joined + this.#lost;
      while (this.#users.length < users.length && this.#users.length - this.#joined - this.#lost < connectingMax) {
        const next = users[this.#users.length];
        if (next === undefined || next.connectAtMs > this.#ms()) break;
        this.#users.push(new LoadUser(this.#users.length, next, this.#context));
      }
      const done = settled >= users.length;
      return done || this.#ms() > heardMs + JOIN_SILENCE_MS || (this.#stopped && this.#users.length < users.length);
    });
  }

  get #context() {
    return {
      door: this.#door,
      ledger: this.#ledger,
      scanner: this.#scanner,
      shared: this.#shared,
      keys: this.#plan.keys,
      micros: this.#micros,
      onJoined: (user: LoadUser) => {
        this.#joined++;
        if (this.#sending) this.#startUser(user);
      },
      onEchoes: (user: LoadUser) => this.#refill(user),
      onLost: (user: LoadUser, reason: string) => {
        this.#lost++;
        this.#ledger.gone(user);
        this.#ledger.error("connection_lost", `user ${user.index}: ${reason}`);
      },
    };
  }

  #startSending(): void {
    this.#sending = true;
    for (const user of this.#users) if (user.joined) this.#startUser(user);
  }

  #startUser(user: LoadUser): void {
    if (!user.plan.sends || this.#stopped) return;
    const { pace } = this.#plan;
    if (pace.kind === "rate") {
      this.#schedule.add(this.#micros() + user.plan.firstAfterMicros, user.index);
      return;
    }
    const now = this.#micros();
    for (let count = 0; count < pace.messages; count++) user.due.push(now);
    user.flush();
  }

  /** Closed loop: as many messages as came back go out again, with what one read has brought in one write. */
  #refill(user: LoadUser): void {
    const echoes = user.echoes;
    user.echoes = 0;
    if (this.#plan.pace.kind !== "window" || this.#stopped || this.#ledger.sent >= this.#plan.messagesMax) return;
    const now = this.#micros();
    for (let count = 0; count < echoes; count++) user.due.push(now);
    user.flush();
  }

  /** Open loop: sends whatever has become due, late or not; the intended time stays what it was. */
  #sendDue(): void {
    const { pace } = this.#plan;
    if (pace.kind !== "rate" || this.#stopped) return;
    const now = this.#micros();
    while (this.#schedule.nextDue <= now) {
      const user = this.#users[this.#schedule.nextWho] as LoadUser;
      if (user.due.length === 0) this.#dirty.push(user);
      user.due.push(Math.round(this.#schedule.nextDue));
      this.#schedule.postpone(this.#schedule.nextDue + pace.everyMicros);
    }
    for (const user of this.#dirty) user.flush();
    this.#dirty.length = 0;
  }

  async #drain(): Promise<void> {
    const deadlineMs = this.#ms() + this.#plan.drainMs;
    const silence = new Silence(this.#ledger.delivered, this.#ms());
    await this.#until(() => {
      const silentMs = silence.lasts(this.#ledger.delivered, this.#ms());
      return this.#ms() > deadlineMs || silentMs > DRAIN_SILENCE_MS || this.#settled();
    }, 20);
  }

  #settled(): boolean {
    const { keys } = this.#plan;
    return this.#ledger.outstanding() === 0 && (!keys || this.#ledger.acknowledgements >= this.#ledger.sent);
  }

  /** Keeps the run going until the condition holds. */
  #until(condition: () => boolean, everyMs = TICK_MS): Promise<void> {
    return tickUntil(condition, everyMs, () => {
      this.#sendDue();
      this.#sample();
    });
  }

  #moment(): Moment {
    return {
      micros: this.#micros(),
      sent: this.#ledger.sent,
      delivered: this.#ledger.delivered,
      server: this.#target.probe?.sample(),
      tool: this.#tool.sample(),
    };
  }

  #sample(): void {
    const now = this.#ms();
    if (now < this.#sampleAtMs) return;
    this.#sampleAtMs = now + SAMPLE_MS;
    const { sent, delivered } = this.#ledger;
    this.#timeline.push({ micros: this.#micros(), sent, delivered });
    if (now < this.#lineAtMs) return;
    this.#lineAtMs = now + 1000;
    const found = this.#ledger.found;
    this.#view.progress(
      `${Math.round(now / 1000)} s  ${this.#joined}/${this.#plan.users.length} users  ` +
        `${sent - this.#lineSent} in/s  ${delivered - this.#lineDelivered} out/s  ` +
        `${found} findings, ${this.#lost} lost connections`,
    );
    this.#lineSent = sent;
    this.#lineDelivered = delivered;
  }
}
