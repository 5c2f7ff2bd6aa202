/**
 * Stage 2: what commands work with. They see sessions, rooms and ports; never a socket, never an adapter.
 */
import type { RoomListing } from "../../protocol/events.ts";
import type { Limits } from "../../protocol/limits.ts";
import type { Accounts } from "../auth/accounts.ts";
import type { Authenticator } from "../auth/authenticator.ts";
import type { Bans } from "../auth/bans.ts";
import type { Guests } from "../auth/guests.ts";
import type { Clock } from "../clock.ts";
import type { CatchUp } from "../fanout/catch-up.ts";
import type { Hub } from "../fanout/hub.ts";
import type { Memberships } from "../fanout/memberships.ts";
import type { Presence } from "../fanout/presence.ts";
import type { RoomReader } from "../fanout/room-reader.ts";
import type { Session } from "../fanout/session.ts";
import type { Sessions } from "../fanout/sessions.ts";
import type { RosterView } from "../projector/roster.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { IdMaker } from "../uuid.ts";
import type { Access } from "./access.ts";
import type { Appender } from "./appender.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { ReadMarkers } from "./read-markers.ts";

/** The parts of the server that commands use. */
export interface CommandContext {
  readonly hub: Hub;
  readonly rosters: RosterView;
  readonly sessions: Sessions;
  readonly memberships: Memberships;
  readonly access: Access;
  readonly authenticator: Authenticator;
  readonly accounts: Accounts;
  readonly bans: Bans;
  readonly markers: ReadMarkers;
  readonly ids: IdMaker;
  readonly presence: Presence;
  readonly catchUp: CatchUp;
  readonly reader: RoomReader;
  readonly appender: Appender;
  readonly guests: Guests;
  readonly rateLimit: RateLimit;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** The JSON text of the public rooms, as `login_successful` has it. */
  readonly listings: string;
  /** The rooms of the rooms file, in its order. */
  readonly publicRooms: readonly RoomListing[];
}

/**
 * Carries out one command. Answers through the session, by `refuse` where it can't be done. A promise where it takes
 * more than this turn: the session's next command waits for it.
 */
export type Handler<C> = (context: CommandContext, session: Session, command: C) => Promise<void> | undefined;
