/**
 * Load tool, the shapes of load: who connects when, joins which rooms and sends how often. Pure: turns the numbers of
 * the command line into one plan.
 */

/** How senders go about it. */
export type Pace =
  /** Closed loop: each sender keeps so many of its own messages outstanding until it sees them itself. */
  | { readonly kind: "window"; readonly messages: number }
  /** Open loop: each sender sends one message every so many µs, whether the server keeps up or not. */
  | { readonly kind: "rate"; readonly everyMicros: number };

/** One user of a plan. */
export interface UserPlan {
  /** When it connects, in ms after the start. */
  readonly connectAtMs: number;
  /** The rooms that it joins, as indexes; it sends to them in rotation. */
  readonly rooms: readonly number[];
  readonly sends: boolean;
  /** How long after it may send it waits with the first message, in µs. */
  readonly firstAfterMicros: number;
}

/** A whole load. */
export interface LoadPlan {
  /** What it is, in words. */
  readonly title: string;
  readonly roomCount: number;
  readonly users: readonly UserPlan[];
  readonly pace: Pace;
  /** Whether nobody sends before all have joined; else each sends from its own joining on. */
  readonly sendAfterAllJoined: boolean;
  /** Connections that are being made at once. */
  readonly connectingMax: number;
  /** Bytes of each message's text. */
  readonly textBytes: number;
  /** Whether messages carry a key and are acknowledged. */
  readonly keys: boolean;
  readonly warmupMs: number;
  readonly durationMs: number;
  /** How long may be waited for the rest after the last message was sent. */
  readonly drainMs: number;
  /** Ends the load early, once so many messages have been sent. */
  readonly messagesMax: number;
}

/** What all shapes have. */
export interface LoadBasics {
  readonly textBytes: number;
  readonly keys: boolean;
  readonly warmupMs: number;
  readonly durationMs: number;
  readonly drainMs: number;
}

/** What `steadyLoad` takes. */
export interface SteadyOptions extends LoadBasics {
  readonly users: number;
  readonly rooms: number;
  readonly roomsEach: number;
  readonly senders: number;
  readonly pace: Pace;
  /** Whether all connect and join in one go. */
  readonly atOnce: boolean;
}

/** N users over R rooms round robin; the first `senders` of them send, evenly spread in time. */
export function steadyLoad(options: SteadyOptions): LoadPlan {
  const { users, rooms, roomsEach, senders, pace } = options;
  const everyMicros = pace.kind === "rate" ? pace.everyMicros : 0;
  const plans = Array.from({ length: users }, (_, index): UserPlan => {
    const joined = Array.from({ length: Math.min(roomsEach, rooms) }, (_, offset) => (index + offset) % rooms);
    const firstAfterMicros = Math.floor((everyMicros * index) / Math.max(1, senders));
    return { connectAtMs: 0, rooms: joined, sends: index < senders, firstAfterMicros };
  });
  const who = senders === users ? "" : `, ${senders} of them send`;
  const how = pace.kind === "window" ? `window of ${pace.messages}` : `${round(1e6 / pace.everyMicros)} msg/s each`;
  return {
    title: `${users} users over ${rooms} rooms${roomsEach > 1 ? `, ${roomsEach} each` : ""}${who}, ${how}`,
    roomCount: rooms,
    users: plans,
    pace,
    sendAfterAllJoined: true,
    connectingMax: options.atOnce ? users : 64,
    textBytes: options.textBytes,
    keys: options.keys,
    warmupMs: options.warmupMs,
    durationMs: options.durationMs,
    drainMs: options.drainMs,
    messagesMax: Number.MAX_SAFE_INTEGER,
  };
}

/** What `stressLoad` takes. */
export interface StressOptions extends LoadBasics {
  /** All users; half of them come in the first third of the ramp. */
  readonly users: number;
  readonly rooms: number;
  /** How many times faster everything goes than in the original. */
  readonly timeScale: number;
  /** A number in 0 ≤ n < 1, for the random first message. */
  readonly chance: () => number;
}

/**
 * The shape of the older stress test: 1,200 users come within 60 s and as many again within another 120 s; 5 rooms
 * each, in rotation; first message after a random 0–10 s, then one every 10 s. Measured from the first user on.
 */
export function stressLoad(options: StressOptions): LoadPlan {
  const { users, rooms, timeScale, chance } = options;
  const half = Math.ceil(users / 2);
  const everyMicros = 10_000_000 / timeScale;
  const plans = Array.from({ length: users }, (_, index): UserPlan => {
    const atMs = index < half ? (60_000 * index) / half : 60_000 + (120_000 * (index - half)) / (users - half);
    return {
      connectAtMs: atMs / timeScale,
      rooms: Array.from({ length: Math.min(5, rooms) }, (_, offset) => (index + offset) % rooms),
      sends: true,
      firstAfterMicros: Math.floor(chance() * everyMicros),
    };
  });
  const speed = timeScale === 1 ? "" : `, time × ${timeScale}`;
  return {
    title: `stress: ${half} users in 60 s, ${users} after another 120 s, 5 of ${rooms} rooms each, 0.1 msg/s${speed}`,
    roomCount: rooms,
    users: plans,
    pace: { kind: "rate", everyMicros },
    sendAfterAllJoined: false,
    connectingMax: 64,
    textBytes: options.textBytes,
    keys: options.keys,
    warmupMs: 0,
    durationMs: 180_000 / timeScale + options.durationMs,
    drainMs: options.drainMs,
    messagesMax: Number.MAX_SAFE_INTEGER,
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
