/**
 * Telemetry, beside all stages: one helper for each business event, which writes counter and log line together and
 * never throws: telling must not hurt what is told of. Touches nothing but its logger and its numbers.
 */
import type { Logger } from "pino";
import type { Histogram } from "prom-client";
import { collectDefaultMetrics, Registry } from "prom-client";
import type { CommandName } from "../../protocol/commands.ts";
import type { ErrorName } from "../../protocol/error-codes.ts";
import type { Clock } from "../clock.ts";
import type { AppendFailure } from "../log/message-log.ts";
import type { LogRecord, StoredRecord, Uuid } from "../record.ts";
import type { ApiCall, CloseReason, CommandLabel, Counts, Door } from "./counts.ts";
import { noCounts } from "./counts.ts";
import type { MessageTraces } from "./message-traces.ts";
import type { Durations } from "./metrics.ts";
import { registerMetrics } from "./metrics.ts";
import { Throttle } from "./throttle.ts";

/** Log lines a second of one kind, where the kind may come in floods; the rest is told as a number. */
const FLOOD_LINES_PER_SECOND = 20;

/** What the server tells of itself. */
export class Telemetry {
  /** For what is no business event: the start, the stop, the banner. */
  readonly logger: Logger;
  readonly #registry = new Registry();
  readonly #counts: Counts = noCounts();
  readonly #durations: Durations;
  readonly #appendFailures: Throttle;
  readonly #storeFailures: Throttle;
  readonly #readFailures: Throttle;
  readonly #directoryFailures: Throttle;
  readonly #signIns: Throttle;
  readonly #setAside: Throttle;
  readonly #refusals: Throttle;
  readonly #internalErrors: Throttle;
  #traces: MessageTraces | undefined;

  /** `processMetrics` = whether the usual figures of the process (memory, CPU, event loop) are published too. */
  constructor(logger: Logger, clock: Clock, processMetrics: boolean) {
    this.logger = logger;
    this.#durations = registerMetrics(this.#registry, this.#counts);
    if (processMetrics) collectDefaultMetrics({ register: this.#registry });
    this.#appendFailures = new Throttle(clock, 1);
    this.#storeFailures = new Throttle(clock, 1);
    this.#readFailures = new Throttle(clock, 1);
    this.#directoryFailures = new Throttle(clock, 1);
    this.#signIns = new Throttle(clock, 1);
    this.#setAside = new Throttle(clock, FLOOD_LINES_PER_SECOND);
    this.#refusals = new Throttle(clock, 1);
    this.#internalErrors = new Throttle(clock, FLOOD_LINES_PER_SECOND);
  }

  /** The metrics in the text format of Prometheus. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }

  /** The content type of what `render` gives. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** From now on the way of messages is followed. */
  follow(traces: MessageTraces): void {
    this.#traces = traces;
  }

  /** A command made a message a record. Hot path. */
  messageTaken(id: Uuid): void {
    this.#traces?.taken(id);
  }

  /** Records are durable in the log, so many messages among them. */
  messagesAccepted(count: number, records: readonly LogRecord[]): void {
    this.#counts.messagesAccepted += count;
    this.#traces?.appended(records, true);
  }

  /** Records could not be made durable; their senders get the error. */
  appendFailed(failure: AppendFailure, records: readonly LogRecord[], error: unknown): void {
    const count = records.length;
    this.#counts.messagesFailed[failure] += count;
    this.#traces?.appended(records, false);
    this.#appendFailures.tell((heldBack) =>
      this.#say("error", { failure, count, heldBack, err: error }, "messages could not be written to the log"),
    );
  }

  /** A repeat of a key was dropped; its sender gets the first one's answer. */
  duplicateDropped(): void {
    this.#counts.duplicatesDropped += 1;
  }

  /** A batch of a partition was handed to the sessions that hear it. */
  batchDelivered(partition: number, records: readonly StoredRecord[], seconds: number): void {
    this.#counts.recordsDelivered += records.length;
    this.#traces?.delivered(partition, records);
    observe(this.#durations.broadcast, seconds);
  }

  /** A batch was written to the store. */
  storeWritten(records: number, seconds: number): void {
    this.#counts.recordsStored += records;
    observe(this.#durations.store, seconds);
  }

  /** The store has everything of a partition before `checkpoint`, whoever wrote it. */
  storeReached(partition: number, checkpoint: number): void {
    this.#traces?.stored(partition, checkpoint);
  }

  /** A batch is both delivered and stored, so long after it was read. */
  batchProcessed(seconds: number): void {
    observe(this.#durations.processing, seconds);
  }

  /** So many records of a partition are not in the store yet; 0 where another node writes it. */
  lag(partition: number, records: number): void {
    this.#counts.lagRecords[partition] = records;
  }

  /** A write to the store failed and will be tried again; told once a second at most. */
  storeFailed(error: unknown): void {
    this.#counts.storeFailures += 1;
    this.#storeFailures.tell((heldBack) =>
      this.#say("warn", { heldBack, err: error }, "the store could not be written; history waits, delivery goes on"),
    );
  }

  /** Who is alive among the nodes changed. */
  nodesAlive(nodes: readonly string[]): void {
    this.#counts.nodesAlive = nodes.length;
    this.#say("info", { nodes }, "the nodes that are alive changed");
  }

  /** A record without a whole envelope was set aside (PROJ-5). */
  recordSetAside(partition: number, position: number): void {
    this.#counts.recordsSetAside += 1;
    this.#setAside.tell((heldBack) =>
      this.#say("warn", { partition, position, heldBack }, "a record without a whole envelope was set aside"),
    );
  }

  /** The store has a hole below its checkpoint (FAN-1): an alarm. The room stands in the line, never in a label. */
  holeFound(room: string, seq: number): void {
    this.#counts.holes += 1;
    this.#say("error", { room, seq }, "the store has a hole below its checkpoint; it is projected again");
  }

  /** A session began. */
  sessionOpened(door: Door): void {
    this.#counts.sessionsOpened[door] += 1;
    this.#counts.sessions[door] += 1;
    this.#say("debug", { door }, "session opened");
  }

  /** A session ended. */
  sessionClosed(door: Door, reason: CloseReason): void {
    const row = this.#counts.sessionsClosed[door];
    row[reason] = (row[reason] ?? 0) + 1;
    this.#counts.sessions[door] -= 1;
    this.#say("debug", { door, reason }, "session closed");
  }

  /** A connection got no session. */
  sessionRefused(door: Door, reason: ErrorName): void {
    const row = this.#counts.sessionsRefused[door];
    row[reason] = (row[reason] ?? 0) + 1;
    this.#refusals.tell((heldBack) => this.#say("warn", { door, reason, heldBack }, "connection refused"));
  }

  /** A session overran its outbox and is fed from recent events or the store. */
  sessionBehind(): void {
    this.#counts.sessionsBehind += 1;
    this.#say("debug", {}, "session fell behind");
  }

  /** A session that was behind is live again. */
  sessionLive(): void {
    this.#counts.sessionsLive += 1;
    this.#say("debug", {}, "session is live again");
  }

  /** A command was carried out. Hot path: one addition. */
  commandHandled(name: CommandName): void {
    this.#counts.commands[name] += 1;
  }

  /** A command was answered with an error; `none` where what came was no command. */
  commandRefused(name: CommandLabel, code: ErrorName): void {
    const row = this.#counts.commandsRefused[name];
    row[code] = (row[code] ?? 0) + 1;
  }

  /** A request was carried out or refused. Hot path: one addition. */
  requestHandled(name: ApiCall): void {
    this.#counts.requests[name] += 1;
  }

  /** A request was answered with an error. */
  requestRefused(name: ApiCall, code: ErrorName): void {
    const row = this.#counts.requestsRefused[name];
    row[code] = (row[code] ?? 0) + 1;
  }

  /** So many users have a session over WebSocket. */
  webSocketUsers(count: number): void {
    this.#counts.webSocketUsers = count;
  }

  /** Somebody signed in with their password. */
  signedIn(): void {
    this.#counts.signIns += 1;
  }

  /** A sign-in failed. The address stands in the line, never in a label. */
  signInRefused(code: "wrong_credentials" | "too_many_sign_ins", address: string): void {
    this.#counts.signInsRefused[code] += 1;
    this.#signIns.tell((heldBack) => this.#say("warn", { code, address, heldBack }, "sign-in refused"));
  }

  /** The keys of the identity provider could not be fetched; those that are there serve on. */
  keysNotFetched(error: unknown): void {
    this.#directoryFailures.tell((heldBack) =>
      this.#say("warn", { heldBack, err: error }, "the keys of the identity provider could not be fetched"),
    );
  }

  /** A snapshot of the fold is durable. */
  snapshotWritten(position: number, bytes: number): void {
    this.#counts.snapshots += 1;
    this.#counts.snapshotBytes = bytes;
    this.#say("debug", { position, bytes }, "snapshot written");
  }

  /** The log was trimmed; its first position is about `before` now. */
  logTrimmed(before: number): void {
    this.#counts.logTrims += 1;
    this.#say("info", { before }, "log trimmed");
  }

  /** Retention removed records. */
  retentionApplied(records: number): void {
    this.#counts.recordsRetired += records;
    this.#say("info", { records }, "retention applied");
  }

  /** A read of log or store failed; whoever asked gets an error. */
  readFailed(error: unknown): void {
    this.#counts.readFailures += 1;
    this.#readFailures.tell((heldBack) => this.#say("error", { heldBack, err: error }, "a read failed"));
  }

  /** The directory could not be written; what was to stand there is kept and tried again. */
  directoryFailed(error: unknown): void {
    this.#directoryFailures.tell((heldBack) => this.#say("warn", { heldBack, err: error }, "the directory failed"));
  }

  /** Something that should not happen, did; `where` is a fixed text, the name of the place. */
  internalError(where: string, error: unknown): void {
    this.#counts.internalErrors += 1;
    this.#internalErrors.tell((heldBack) => this.#say("error", { where, heldBack, err: error }, "internal error"));
  }

  #say(level: "debug" | "info" | "warn" | "error", fields: Record<string, unknown>, text: string): void {
    if (!this.logger.isLevelEnabled(level)) return;
    // 0 is the ordinary case and only noise in a line.
    const { heldBack, ...rest } = fields;
    try {
      this.logger[level](heldBack === undefined || heldBack === 0 ? rest : fields, text);
    } catch {
      // A log that can't be written has nobody to be told; the counter stands.
    }
  }
}

/** Observes a duration; a figure that is none (a clock that jumped) is left out rather than thrown about. */
function observe(histogram: Histogram, seconds: number): void {
  if (Number.isFinite(seconds) && seconds >= 0) histogram.observe(seconds);
}
