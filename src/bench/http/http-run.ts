/**
 * Load tool, one run over HTTP from the first listener to the verdict: listeners come, posts go on, the load is measured,
 * the rest is waited for, everything is checked. Talks to one server over sockets; looks at the server's process only
 * through the probe it is handed.
 */
import { SharedReadBuffer } from "../bench-socket.ts";
import { ClusterBooks, type Part } from "../cluster/cluster-books.ts";
import { LoadLedger } from "../load-ledger.ts";
import type { Moment } from "../load-result.ts";
import { type ProcessProbe, probeProcess } from "../process-probe.ts";
import { Silence, TICK_MS, tickUntil } from "../ticking.ts";
import { Audience } from "./audience.ts";
import { feed } from "./feeder.ts";
import { type HttpPlan, isSilent } from "./http-plan.ts";
import { type ComeBack, type HttpResult, judgeHttp } from "./http-result.ts";
import { PageReader } from "./page-reader.ts";
import { PostPool } from "./post-pool.ts";
import type { HttpAddress } from "./requests.ts";
import type { World } from "./set-up.ts";

/** Where the server is and how it can be watched. */
export interface HttpTarget extends HttpAddress {
  /** Its process, where it runs on this machine and is known. */
  readonly probe: ProcessProbe | undefined;
  /** The processes whose cost counts together, where it stands on engines; itself first. */
  readonly parts: readonly Part[] | undefined;
}

/** What a run shows while it goes on. */
export interface HttpView {
  /** One line a second. */
  readonly progress: (line: string) => void;
  /** Looks at the run once all listeners are there; for what is measured of an idle server. */
  readonly settled: () => Promise<void>;
}

/** How long no delivery may come in the drain before waiting for more is given up. */
const DRAIN_SILENCE_MS = 3_000;

/** Runs a plan against a server in which `world` has been set up; resolves with what was measured. */
export async function runHttp(
  target: HttpTarget,
  run: string,
  world: World,
  plan: HttpPlan,
  view: HttpView,
): Promise<HttpResult> {
  return new HttpRun(target, run, world, plan, view).go();
}

class HttpRun {
  readonly #target: HttpTarget;
  readonly #world: World;
  readonly #plan: HttpPlan;
  readonly #view: HttpView;
  readonly #shared = new SharedReadBuffer();
  readonly #ledger: LoadLedger;
  readonly #pool: PostPool;
  readonly #audience: Audience;
  readonly #reader: PageReader | undefined;
  readonly #books: ClusterBooks | undefined;
  readonly #tool = probeProcess(process.pid);
  readonly #startMs = performance.now();
  #comeBack: ComeBack | undefined = undefined;
  #lineAtMs = 1000;
  #lineAccepted = 0;
  #lineDelivered = 0;

  constructor(target: HttpTarget, run: string, world: World, plan: HttpPlan, view: HttpView) {
    this.#target = target;
    this.#world = world;
    this.#plan = plan;
    this.#view = view;
    const users = world.users.map((_, index) => ({ rooms: [index % plan.chats], sends: index < plan.connections }));
    const books = { users, textBytes: plan.textBytes, due: "acknowledged", anyLayout: true } as const;
    this.#ledger = new LoadLedger(books, run, world.chats);
    const shared = this.#shared;
    const context = { address: target, shared, ledger: this.#ledger, world, micros: this.#micros };
    this.#pool = new PostPool(context);
    this.#audience = new Audience(plan, { ...context, work: this.#work });
    const chat = world.chats[0] as string;
    const cookie = world.cookies[0] ?? "";
    const acknowledged = (): number => this.#pool.seqs[0] as number;
    this.#reader =
      plan.pages && new PageReader(plan.pages, { ...context, chat, cookie, acknowledged, chance: Math.random });
    this.#books = target.parts && new ClusterBooks(target.parts, target, shared);
  }

  async go(): Promise<HttpResult> {
    const plan = this.#plan;
    const ledger = this.#ledger;
    const probe = this.#target.probe;
    const rssStart = probe?.sample().rssBytes;
    try {
      await this.#fill();
      const comingMs = this.#ms();
      await this.#audience.come();
      const listeningMs = this.#ms() - comingMs;
      const neverListened = plan.listeners - this.#audience.ready;
      await this.#view.settled();
      const rssIdle = probe?.sample().rssBytes;
      this.#pool.start(plan.pace);
      this.#reader?.start();
      const fromMs = this.#ms() + plan.warmupMs;
      await this.#until(() => this.#ms() >= fromMs);
      const before = this.#moment();
      ledger.measureFrom = before.micros;
      this.#books?.begin(this.#pool.accepted);
      if (plan.cutMs !== undefined) {
        this.#comeBack = await this.#audience.cutAndComeBack(plan.cutMs, () => this.#pool.accepted);
      }
      const toMs = this.#ms() + plan.durationMs;
      await this.#until(() => this.#ms() >= toMs);
      const after = this.#moment();
      ledger.measureTo = after.micros;
      this.#books?.end(((after.sent - before.sent) * 1e6) / (after.micros - before.micros));
      await this.#drain();
      const peak = probe?.sample().peakBytes;
      return judgeHttp({
        plan,
        ledger,
        pool: this.#pool,
        reader: this.#reader,
        before,
        after,
        listeningMs,
        neverListened: neverListened + (this.#comeBack === undefined ? 0 : plan.listeners - this.#audience.ready),
        comeBack: this.#comeBack,
        cluster: this.#books?.result(this.#pool.accepted),
        rss: rssStart === undefined ? undefined : { start: rssStart, idle: rssIdle, peak: peak ?? 0 },
      });
    } finally {
      this.#audience.close();
      this.#pool.close();
      this.#reader?.close();
      this.#books?.close();
    }
  }

  #ms(): number {
    return performance.now() - this.#startMs;
  }

  readonly #micros = (): number => Math.round((performance.now() - this.#startMs) * 1000);

  /** What goes on whatever is waited for. */
  readonly #work = (): void => {
    this.#pool.postDue();
    this.#reader?.readDue();
    this.#books?.look();
    this.#progress();
  };

  #until(condition: () => boolean, everyMs = TICK_MS): Promise<void> {
    return tickUntil(condition, everyMs, this.#work);
  }

  /** Brings the first chat to the length that it is to have, before anybody listens. */
  async #fill(): Promise<void> {
    const { fill: messages, textBytes } = this.#plan;
    if (messages === 0) return;
    const { chats, cookies } = this.#world;
    const plan = { messages, chat: chats[0] as string, cookie: cookies[0] as string, textBytes };
    await feed(this.#target, this.#shared, plan, this.#view.progress);
    // What is to be read has to be in the store, however long that takes.
    const fedMs = performance.now();
    await this.#until(() => this.#books?.caughtUp(fedMs) !== false);
  }

  async #drain(): Promise<void> {
    this.#pool.stop();
    this.#reader?.stop();
    if (isSilent(this.#plan)) return;
    const deadlineMs = this.#ms() + this.#plan.drainMs;
    const silence = new Silence(this.#ledger.delivered, this.#ms());
    await this.#until(() => {
      const silentMs = silence.lasts(this.#ledger.delivered, this.#ms());
      if (this.#ms() > deadlineMs) return true;
      if (!this.#pool.settled || this.#reader?.settled === false) return false;
      if (this.#books?.drained(this.#pool.accepted) === false) return false;
      return silentMs > DRAIN_SILENCE_MS || this.#ledger.outstanding() === 0;
    }, 20);
    if (!this.#pool.settled) this.#ledger.error("post_unanswered", "a post was still without an answer at the end");
  }

  #moment(): Moment {
    return {
      micros: this.#micros(),
      sent: this.#pool.accepted,
      delivered: this.#ledger.delivered,
      server: this.#target.probe?.sample(),
      tool: this.#tool.sample(),
    };
  }

  #progress(): void {
    const now = this.#ms();
    if (now < this.#lineAtMs) return;
    this.#lineAtMs = now + 1000;
    const { accepted, waiting } = this.#pool;
    const { delivered, found } = this.#ledger;
    this.#view.progress(
      `${Math.round(now / 1000)} s  ${this.#audience.ready}/${this.#plan.listeners} listeners  ` +
        `${accepted - this.#lineAccepted} posts/s  ${delivered - this.#lineDelivered} pushes/s  ` +
        `${waiting} waiting, ${found} findings, ${this.#ledger.errors.size} kinds of error`,
    );
    this.#lineAccepted = accepted;
    this.#lineDelivered = delivered;
  }
}
