/**
 * The pipeline between doors and ports: starts it from what log and store hold, and stops it so that nothing that was
 * acknowledged is lost. Sees ports only; `compose/` chooses the adapters.
 */
import { type RoomListing, roomListings } from "../protocol/events.ts";
import { FLUSH_WITHIN_MS, type Limits } from "../protocol/limits.ts";
import { atOnce } from "./at-once.ts";
import type { Accounts } from "./auth/accounts.ts";
import type { Authenticator } from "./auth/authenticator.ts";
import { Bans } from "./auth/bans.ts";
import { createAuth } from "./auth/create-auth.ts";
import { Guests, REFRESH_EVERY_MS } from "./auth/guests.ts";
import { LiveAccess, RECHECK_EVERY_MS } from "./auth/live-access.ts";
import { type Chance, type Clock, type Timer, within } from "./clock.ts";
import { Nodes } from "./cluster/nodes.ts";
import { Access } from "./commands/access.ts";
import { Api } from "./commands/api.ts";
import { Appender } from "./commands/appender.ts";
import type { CommandContext } from "./commands/context.ts";
import { Dispatcher } from "./commands/dispatch.ts";
import { HeardLog } from "./commands/heard-log.ts";
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
import { partitionOf } from "./partition.ts";
import type { KeptSnapshots } from "./projector/fold-starts.ts";
import { Projectors } from "./projector/projectors.ts";
import { Retainer } from "./projector/retention.ts";
import type { Uuid } from "./record.ts";
import type { Signals } from "./signals/signals.ts";
import type { MessageStore } from "./store/message-store.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";
import { IdMaker, publicRoomId } from "./uuid.ts";

const SECOND_MS = 1000;
const RETENTION_EVERY_MS = 60_000;
/** How long a stopping server waits for its appends, in milliseconds: a disk that hangs answers later than it may take. */
const APPENDS_WITHIN_MS = 3000;
/** How long a stopping server waits for the store, in milliseconds; what it does not get is in the log. */
const STORE_WITHIN_MS = 3000;
/** The node is not ready where the store is so many records behind: clients would wait for history. */
const LAG_READY_MAX = 1_000_000;

/** How many rooms the store is asked about at a time, at the start. */
const FLOORS_AT_ONCE = 32;

/** The adapters that the core runs on. */
export interface Ports {
  readonly log: MessageLog;
  /** Why nothing can be appended any more, where that is so. */
  readonly logFault: () => string | undefined;
  /** The position before which a partition is longer than it has to be; `undefined` where all of the log is kept. */
  readonly oldestToKeep: ((partition: number) => Promise<number>) | undefined;
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

  const nodes = new Nodes({ node, signals, clock });
  const projectors = await Projectors.recover({
    ...{ log, store, clock, telemetry, kept: ports.kept, oldestToKeep: ports.oldestToKeep },
    queueBytesMax: limits.recentBytesMax,
    isWriter: (partition) => nodes.isWriter(partition),
  });
  const isWriter = (room: Uuid): boolean => nodes.isWriter(partitionOf(room, log.partitions));

  const guests = new Guests(directory, clock, chance, ids, (name) => presence.isNameElsewhere(name));
  const presence = new Presence({ node, hub, nodes, signals, clock, tellMax: limits.presenceTellMax });
  const reader = new RoomReader(store, (room) => projectors.progress(room), telemetry);
  const catchUp = new CatchUp({
    ...{ reader, presence, clock, telemetry, outboxBytesMax: limits.outboxBytesMax },
    ended: (following) => memberships.ended(following),
  });
  const sessions = new Sessions({ limits, clock, telemetry, presence, catchUp, guests });
  const memberships = new Memberships({ hub, sessions, presence, catchUp });
  const markers = new ReadMarkers({ directory, rosters: projectors, clock, isWriter });
  const delivery = new Delivery({ hub, recent, markers, memberships });
  for (const roster of projectors.chats()) delivery.openChat(roster);
  for (const room of hub.rooms()) ({ seq: room.head, n: room.n } = projectors.head(room.id));

  const flushMarkers = (): Promise<boolean> =>
    markers.flush().then(
      () => true,
      (error: unknown) => {
        telemetry.directoryFailed(error);
        return false;
      },
    );
  const stopping = new AbortController();
  await projectors.run(
    {
      deliver: (batch) => delivery.deliver(batch),
      passOver: (batch) => delivery.passOver(batch),
      // A start reads the log from a snapshot on: what follows from the log before it must have been written by then.
      beforeSnapshot: flushMarkers,
    },
    stopping.signal,
  );
  // Who comes in the first moment is not to be told that nothing is heard (CMD-4).
  await projectors.heard(undefined);
  nodes.onChange(() => {
    projectors.writersChanged();
    telemetry.nodesAlive(nodes.alive());
  });
  nodes.start();
  await atOnce(FLOORS_AT_ONCE, hub.rooms(), async (room) => room.recent.retain(await store.floor(room.id)));

  const parts = { node, auth, directory, signals, clock, chance, ids, telemetry, guests };
  const { accounts, authenticator } = await createAuth(parts);
  const bans = new Bans({ node, directory, signals, clock });
  await bans.load();
  const heard = new HeardLog(projectors, clock);
  const access = new Access(hub, bans, heard);
  const liveAccess = new LiveAccess({
    ...{ sessions, authenticator, bans, directory, signals, clock, telemetry },
    ended: memberships.ended,
  });
  const appender = new Appender({ log, acks, ids, clock, telemetry, appendBytesMax: limits.appendBytesMax });
  const rateLimit = new RateLimit(limits, clock);
  const context: CommandContext = {
    ...{ hub, rosters: projectors, sessions, memberships, presence, catchUp, reader, appender, markers, ids },
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
    isWriter,
  });
  const finishAppends = async (): Promise<void> => {
    await appender.settled();
    await Promise.race([projectors.reachedEnd(undefined), projectors.ended()]);
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
    failed: projectors.failed,
    readiness: () => ({
      log: check(ports.logFault() ?? projectors.readFault ?? unheard(log), "takes appends"),
      store: check(projectors.storeFault, "takes writes"),
      lag: {
        ok: projectors.lag <= LAG_READY_MAX,
        detail: `${projectors.lag} records in the log that the store does not have yet`,
      },
    }),
    stop: async () => {
      for (const timer of timers) timer.cancel();
      dispatcher.stop();
      api.stop();
      heard.stop();
      await within(clock, APPENDS_WITHIN_MS, finishAppends());
      // Before the sessions end: everybody would be told of everybody else's leaving.
      presence.close();
      liveAccess.close();
      await sessions.closeAll(FLUSH_WITHIN_MS);
      stopping.abort();
      await projectors.ended();
      await flushMarkers();
      if (!(await projectors.finish(STORE_WITHIN_MS))) {
        telemetry.logger.warn(
          "the store did not take the last writes in time; they are in the log and follow at the next start",
        );
      }
      nodes.close();
    },
  };
}

/** Which partitions are not heard from, where that is so: then nobody is told anything of what is said there. */
function unheard(log: MessageLog): string | undefined {
  const silent = Array.from({ length: log.partitions }, (_, partition) => partition).filter((at) => !log.hears(at));
  return silent.length === 0 ? undefined : `not heard from: partition ${silent.join(", ")}`;
}

const check = (fault: string | undefined, fine: string): Check => ({ ok: fault === undefined, detail: fault ?? fine });
