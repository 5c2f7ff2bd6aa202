/**
 * The pipeline between doors and ports: starts it from what log and store hold, and stops it so that nothing that was
 * acknowledged is lost. Sees ports only; `compose.ts` chooses the adapters.
 */
import { type RoomListing, roomListings } from "../protocol/events.ts";
import { FLUSH_WITHIN_MS, type Limits, READ_WITHIN_MS } from "../protocol/limits.ts";
import type { Accounts } from "./auth/accounts.ts";
import type { Authenticator } from "./auth/authenticator.ts";
import { Bans } from "./auth/bans.ts";
import { createAuth } from "./auth/create-auth.ts";
import { Guests, REFRESH_EVERY_MS } from "./auth/guests.ts";
import { LiveAccess, RECHECK_EVERY_MS } from "./auth/live-access.ts";
import { type Chance, type Clock, type Timer, within } from "./clock.ts";
import { Access } from "./commands/access.ts";
import { Api } from "./commands/api.ts";
import { Appender } from "./commands/appender.ts";
import type { CommandContext } from "./commands/context.ts";
import { Dispatcher } from "./commands/dispatch.ts";
import { RateLimit } from "./commands/rate-limit.ts";
import { ReadMarkers } from "./commands/read-markers.ts";
import type { AuthConfig, Retention } from "./config/config.ts";
import type { Directory } from "./directory/directory.ts";
import { CatchUp } from "./fanout/catch-up.ts";
import { Delivery } from "./fanout/delivery.ts";
import { Hub } from "./fanout/hub.ts";
import { Memberships } from "./fanout/memberships.ts";
import { PendingAcks } from "./fanout/pending-acks.ts";
import { Presence } from "./fanout/presence.ts";
import { RecentEvents } from "./fanout/recent-events.ts";
import { Room } from "./fanout/room.ts";
import { RoomReader } from "./fanout/room-reader.ts";
import { Sessions } from "./fanout/sessions.ts";
import type { MessageLog } from "./log/message-log.ts";
import { FoldStarts, type KeptSnapshots } from "./projector/fold-starts.ts";
import { recoverPartition } from "./projector/recover.ts";
import { Retainer } from "./projector/retention.ts";
import { StoreWriter } from "./projector/store-writer.ts";
import { Tail } from "./projector/tail.ts";
import { Trimming } from "./projector/trimming.ts";
import type { Signals } from "./signals/signals.ts";
import type { MessageStore } from "./store/message-store.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";
import { IdMaker, publicRoomId } from "./uuid.ts";

/** The one partition of the embedded log. */
const PARTITION = 0;
const SECOND_MS = 1000;
const RETENTION_EVERY_MS = 60_000;
/** How long a stopping server waits for its appends, in milliseconds: a disk that hangs answers later than it may take. */
const APPENDS_WITHIN_MS = 3000;
/** How long a stopping server waits for the store, in milliseconds; what it does not get is in the log. */
const STORE_WITHIN_MS = 3000;
/** The node is not ready where the store is so many records behind: clients would wait for history. */
const LAG_READY_MAX = 1_000_000;

const NEVER = new Promise<never>(() => {
  // A tail that ends because it was told to is no failure.
});

/** The adapters that the core runs on. */
export interface Ports {
  readonly log: MessageLog;
  /** Why nothing can be appended any more, where that is so. */
  readonly logFault: () => string | undefined;
  /** The position before which the log is longer than it has to be; `undefined` where all of it is kept. */
  readonly oldestToKeep: (() => number) | undefined;
  readonly kept: KeptSnapshots;
  readonly store: MessageStore;
  readonly directory: Directory;
  readonly signals: Signals;
}

/** What the core is told. */
export interface CoreOptions {
  /** This node's own name among the nodes. */
  readonly node: string;
  readonly rooms: readonly RoomListing[];
  readonly limits: Limits;
  readonly retention: Retention;
  readonly auth: AuthConfig;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly telemetry: Telemetry;
}

/** One check of readiness. */
export interface Check {
  readonly ok: boolean;
  readonly detail: string;
}

/** The running pipeline: what doors need of it. */
export interface Core {
  readonly sessions: Sessions;
  /** What sessions ask. */
  readonly dispatcher: Dispatcher;
  /** What requests ask. */
  readonly api: Api;
  readonly guests: Guests;
  readonly accounts: Accounts;
  readonly authenticator: Authenticator;
  /** Rejects where the log can't be read on. */
  readonly failed: Promise<never>;
  /** Whether log, store and lag are as they should be. */
  readiness(): Readonly<Record<string, Check>>;
  /** Finishes what was accepted, tells everybody, writes a snapshot. The ports stay open. */
  stop(): Promise<void>;
}

/**
 * Starts the pipeline: folds the log from the newest snapshot to its end, then is ready for sessions. Throws a
 * `StartError` where log and store don't fit together.
 */
export async function startCore(ports: Ports, options: CoreOptions): Promise<Core> {
  const { log, store, directory, signals } = ports;
  const { node, clock, telemetry, limits, chance, auth } = options;
  const ids = new IdMaker(clock, chance);
  const acks = new PendingAcks();
  const hub = new Hub(acks);
  const recent = new RecentEvents(limits.recentBytesMax);
  for (const { name } of options.rooms) hub.addRoom(new Room(publicRoomId(name), name, undefined, recent.room()));

  const starts = new FoldStarts(PARTITION, log, store, ports.kept);
  const { start, checkpoint, end } = await recoverPartition(PARTITION, log, store, starts);
  const { sequencer, rosters } = start;
  const trimming = new Trimming({ partition: PARTITION, telemetry, ...ports });
  const writer = new StoreWriter({
    partition: PARTITION,
    checkpoint,
    store,
    log,
    telemetry,
    clock,
    queueBytesMax: limits.recentBytesMax,
    onSnapshot: (snapshot) => void trimming.durable(snapshot),
    foldStart: (position) => starts.at(position),
  });

  const guests = new Guests(directory, clock, chance, ids);
  const presence = new Presence({ node, hub, signals, tellMax: limits.presenceTellMax });
  const reader = new RoomReader(store, writer, telemetry);
  const catchUp = new CatchUp({
    ...{ reader, presence, clock, telemetry, outboxBytesMax: limits.outboxBytesMax },
    ended: (following) => memberships.ended(following),
  });
  const sessions = new Sessions({ limits, clock, telemetry, presence, catchUp, guests });
  const memberships = new Memberships({ hub, sessions, presence, catchUp });
  const markers = new ReadMarkers(directory, rosters);
  const delivery = new Delivery({ hub, recent, markers, memberships });
  for (const roster of rosters.all()) delivery.openChat(roster);
  for (const room of hub.rooms()) ({ seq: room.head, n: room.n } = sequencer.head(room.id));

  const flushMarkers = (): Promise<boolean> =>
    markers.flush().then(
      () => true,
      (error: unknown) => {
        telemetry.directoryFailed(error);
        return false;
      },
    );
  const tail = new Tail({
    partition: PARTITION,
    position: start.position,
    log,
    projection: start,
    output: {
      deliver: (batch) => (batch.to <= checkpoint ? delivery.passOver(batch) : delivery.deliver(batch)),
      store: (batch) => writer.push(batch),
      // A start reads the log from a snapshot on: what follows from the log before it must have been written by then.
      snapshot: (position, bytes) =>
        void flushMarkers().then((flushed) => {
          if (flushed) writer.keepSnapshot({ position, bytes });
        }),
    },
    telemetry,
    clock,
  });
  const stopping = new AbortController();
  const running = tail.run(stopping.signal);
  await Promise.race([tail.reached(end), running]);
  // Whoever waits for the end only needs to know that it came; `failed` tells why.
  const tailEnded = running.catch(() => undefined);

  for (const room of hub.rooms()) room.recent.retain(await store.floor(room.id));

  const parts = { node, auth, directory, signals, clock, chance, ids, telemetry, guests };
  const { accounts, authenticator } = await createAuth(parts);
  const bans = new Bans({ node, directory, signals, clock });
  await bans.load();
  const access = new Access(hub, bans, {
    isLive: () => tail.fault === undefined,
    reachEnd: async () => {
      const bounds = await log.bounds(PARTITION);
      return tail.position >= bounds.end || (await within(clock, READ_WITHIN_MS, tail.reached(bounds.end)));
    },
  });
  const liveAccess = new LiveAccess({
    ...{ sessions, authenticator, bans, directory, signals, clock, telemetry },
    ended: memberships.ended,
  });
  const appender = new Appender({ log, acks, ids, clock, telemetry, appendBytesMax: limits.appendBytesMax });
  const rateLimit = new RateLimit(limits, clock);
  const context: CommandContext = {
    ...{ hub, rosters, sessions, memberships, presence, catchUp, reader, appender, markers, ids },
    ...{ access, authenticator, accounts, bans, guests, rateLimit, limits, clock, telemetry },
    listings: roomListings(options.rooms),
    publicRooms: options.rooms,
  };
  const dispatcher = new Dispatcher(context);
  const api = new Api(context);
  const retainer = new Retainer({
    retention: options.retention,
    store,
    clock,
    telemetry,
    raised: (room, floor) => hub.roomById(room)?.recent.retain(floor),
  });
  const finishAppends = async (): Promise<void> => {
    await appender.settled();
    const bounds = await log.bounds(PARTITION);
    await Promise.race([tail.reached(bounds.end), tailEnded]);
  };
  const tellFailure = (where: string) => (error: unknown) => telemetry.internalError(where, error);
  const timers: Timer[] = [
    clock.every(SECOND_MS, () => {
      sessions.closeSlow();
      presence.tellCounts();
      appender.sweep();
      liveAccess.endExpired();
      liveAccess.recheckWhereWrittenElsewhere().catch(tellFailure("live access"));
      void flushMarkers();
    }),
    clock.every(RECHECK_EVERY_MS, () => {
      rateLimit.sweep();
      liveAccess.recheck().catch(tellFailure("live access"));
    }),
    clock.every(RETENTION_EVERY_MS, () => void retainer.sweep()),
    clock.every(REFRESH_EVERY_MS, () => void guests.refresh().catch(tellFailure("guests"))),
  ];
  await retainer.sweep();

  return {
    sessions,
    dispatcher,
    api,
    guests,
    accounts,
    authenticator,
    failed: running.then(() => NEVER),
    readiness: () => ({
      log: check(ports.logFault() ?? tail.fault, "takes appends"),
      store: check(writer.failing, "takes writes"),
      lag: {
        ok: tail.position - writer.checkpoint <= LAG_READY_MAX,
        detail: `${tail.position - writer.checkpoint} records in the log that the store does not have yet`,
      },
    }),
    stop: async () => {
      for (const timer of timers) timer.cancel();
      dispatcher.stop();
      api.stop();
      await within(clock, APPENDS_WITHIN_MS, finishAppends());
      // Before the sessions end: everybody would be told of everybody else's leaving.
      presence.close();
      liveAccess.close();
      await sessions.closeAll(FLUSH_WITHIN_MS);
      stopping.abort();
      await tailEnded;
      await flushMarkers();
      if (!(await writer.finish({ position: tail.position, bytes: tail.snapshot() }, STORE_WITHIN_MS))) {
        telemetry.logger.warn(
          "the store did not take the last writes in time; they are in the log and follow at the next start",
        );
      }
      await trimming.settled();
    },
  };
}

const check = (fault: string | undefined, fine: string): Check => ({ ok: fault === undefined, detail: fault ?? fine });
