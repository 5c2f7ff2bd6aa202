/**
 * Telemetry, beside all stages: the names under which the counts are published, for Prometheus. The names of the
 * first block are fixed, because dashboards use them; ours begin with `verbatim_`. No label carries an id.
 */
import type { Registry } from "prom-client";
import { Counter, Gauge, Histogram } from "prom-client";
import type { Counts } from "./counts.ts";

/** What is observed once a batch and not merely counted. */
export interface Durations {
  readonly store: Histogram;
  readonly broadcast: Histogram;
  readonly processing: Histogram;
}

type Labels = Record<string, string>;

/** From a tenth of a millisecond, a batch on an idle server, to ten seconds, a store that is nearly gone. */
const SECONDS_BUCKETS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** Publishes `counts` in `registry` and gives back the histograms to observe. */
export function registerMetrics(registry: Registry, counts: Counts): Durations {
  const registers = [registry];
  const counter = (name: string, help: string, read: () => number): void => {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
  const labelledCounter = (
    name: string,
    help: string,
    labelNames: readonly string[],
    read: () => Iterable<[Labels, number]>,
  ): void => {
    new Counter({
      name,
      help,
      registers,
      labelNames: [...labelNames],
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.inc(labels, value);
      },
    });
  };
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  const histogram = (name: string, help: string): Histogram =>
    new Histogram({ name, help, registers, buckets: SECONDS_BUCKETS });

  counter("chat_messages_posted_total", "Messages accepted, every door.", () => counts.messagesAccepted);
  counter("consumer_messages_processed_total", "Records written to the store.", () => counts.recordsStored);
  gauge("consumer_lag", "Records in the log that the store does not have yet.", () =>
    counts.lagRecords.reduce((sum, records) => sum + records, 0),
  );
  gauge("active_websocket_users", "Users with a session over WebSocket.", () => counts.webSocketUsers);
  const durations: Durations = {
    store: histogram("consumer_db_duration_seconds", "One write of a batch to the store."),
    broadcast: histogram("consumer_broadcast_duration_seconds", "Finding who hears a batch and handing it to them."),
    processing: histogram("consumer_processing_duration_seconds", "A batch from read to stored and delivered."),
  };

  labelledCounter("verbatim_messages_failed_total", "Messages that got an error instead of a place.", ["failure"], () =>
    oneLabel("failure", counts.messagesFailed),
  );
  counter("verbatim_duplicates_dropped_total", "Repeats of a key, dropped.", () => counts.duplicatesDropped);
  counter("verbatim_records_delivered_total", "Records handed to the fan-out.", () => counts.recordsDelivered);
  counter("verbatim_records_set_aside_total", "Records without a whole envelope.", () => counts.recordsSetAside);
  counter("verbatim_holes_total", "Holes found below the checkpoint of the store.", () => counts.holes);
  counter("verbatim_store_failures_total", "Writes to the store that failed.", () => counts.storeFailures);
  counter("verbatim_read_failures_total", "Reads of log or store that failed.", () => counts.readFailures);
  counter("verbatim_internal_errors_total", "Errors that should not happen.", () => counts.internalErrors);
  new Gauge({
    name: "verbatim_sessions",
    help: "Sessions there are now.",
    registers,
    labelNames: ["door"],
    collect() {
      for (const [labels, value] of oneLabel("door", counts.sessions)) this.set(labels, value);
    },
  });
  labelledCounter("verbatim_sessions_opened_total", "Sessions opened.", ["door"], () =>
    oneLabel("door", counts.sessionsOpened),
  );
  labelledCounter("verbatim_sessions_closed_total", "Sessions ended, and why.", ["door", "reason"], () =>
    twoLabels("door", "reason", counts.sessionsClosed),
  );
  labelledCounter("verbatim_sessions_refused_total", "Connections that got no session.", ["door", "reason"], () =>
    twoLabels("door", "reason", counts.sessionsRefused),
  );
  counter("verbatim_sessions_behind_total", "Times that a session fell behind.", () => counts.sessionsBehind);
  counter("verbatim_sessions_live_total", "Times that a session came back to live.", () => counts.sessionsLive);
  labelledCounter("verbatim_commands_total", "Commands handled.", ["command"], () =>
    oneLabel("command", counts.commands),
  );
  labelledCounter("verbatim_commands_refused_total", "Commands refused, and why.", ["command", "code"], () =>
    twoLabels("command", "code", counts.commandsRefused),
  );
  labelledCounter("verbatim_requests_total", "Requests handled.", ["request"], () =>
    oneLabel("request", counts.requests),
  );
  labelledCounter("verbatim_requests_refused_total", "Requests refused, and why.", ["request", "code"], () =>
    twoLabels("request", "code", counts.requestsRefused),
  );
  counter("verbatim_sign_ins_total", "Sign-ins with a password.", () => counts.signIns);
  labelledCounter("verbatim_sign_ins_refused_total", "Sign-ins refused, and why.", ["code"], () =>
    oneLabel("code", counts.signInsRefused),
  );
  counter("verbatim_snapshots_total", "Snapshots of the fold written.", () => counts.snapshots);
  gauge("verbatim_nodes", "Nodes that are alive, as this one knows them, itself included.", () => counts.nodesAlive);
  gauge("verbatim_snapshot_bytes", "Size of the newest snapshot.", () => counts.snapshotBytes);
  counter("verbatim_log_trims_total", "Times that the log was trimmed.", () => counts.logTrims);
  counter("verbatim_records_retired_total", "Records that retention removed.", () => counts.recordsRetired);
  return durations;
}

function* oneLabel(label: string, values: Readonly<Record<string, number>>): Iterable<[Labels, number]> {
  for (const [name, value] of Object.entries(values)) yield [{ [label]: name }, value];
}

function* twoLabels(
  outer: string,
  inner: string,
  values: Readonly<Record<string, Readonly<Record<string, number>>>>,
): Iterable<[Labels, number]> {
  for (const [outerName, row] of Object.entries(values)) {
    for (const [innerName, value] of Object.entries(row)) yield [{ [outer]: outerName, [inner]: innerName }, value];
  }
}
