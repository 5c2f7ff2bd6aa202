/**
 * Load tool, one user: connects, joins its rooms, and sends what it is told to, everything that is due in one write.
 */
import type { SharedReadBuffer } from "./bench-socket.ts";
import type { EventScanner } from "./event-scanner.ts";
import type { LedgerUser, LoadLedger, Stream } from "./load-ledger.ts";
import type { UserPlan } from "./load-plan.ts";
import { type LineTemplate, MessageTemplate } from "./message-layout.ts";
import type { UserConnection, UserDoor } from "./user-door.ts";

/** What a user needs of its run. */
export interface UserContext {
  readonly door: UserDoor;
  readonly ledger: LoadLedger;
  readonly scanner: EventScanner;
  readonly shared: SharedReadBuffer;
  readonly keys: boolean;
  /** µs since the run began. */
  readonly micros: () => number;
  readonly onJoined: (user: LoadUser) => void;
  /** Own messages have come back: `user.echoes` of them. */
  readonly onEchoes: (user: LoadUser) => void;
  readonly onLost: (user: LoadUser, reason: string) => void;
}

/** One user with its connection. */
export class LoadUser implements LedgerUser {
  readonly index: number;
  readonly plan: UserPlan;
  readonly receivers: Int32Array;
  echoes = 0;
  /** Intended send times of what is due and not yet written, in µs since the run began. */
  readonly due: number[] = [];
  readonly #context: UserContext;
  readonly #connection: UserConnection;
  readonly #streams: readonly Stream[];
  readonly #templates: readonly LineTemplate[];
  #toJoin: number;
  #turn = 0;

  constructor(index: number, plan: UserPlan, context: UserContext) {
    this.index = index;
    this.plan = plan;
    this.#context = context;
    const { ledger, scanner, door } = context;
    const { run, rooms, textBytes } = ledger.scan;
    this.receivers = new Int32Array(rooms.length).fill(-1);
    this.#toJoin = plan.rooms.length;
    this.#streams = ledger.streamsOf(index);
    this.#templates = this.#streams.map(({ id, room }) =>
      door.template(new MessageTemplate(run, rooms[room] as string, id, textBytes, context.keys)),
    );
    this.#connection = door.connect(context.shared, scanner, {
      reading: () => {
        ledger.user = this;
        ledger.nowMicros = context.micros();
      },
      scanned: () => {
        if (this.echoes > 0) context.onEchoes(this);
      },
      lost: (reason) => context.onLost(this, reason),
    });
  }

  /** Whether all its rooms are joined. */
  get joined(): boolean {
    return this.#toJoin === 0;
  }

  onEvent(type: string, event: Readonly<Record<string, unknown>>): void {
    if (type === "login_successful") this.#join();
    if (type === "user_joined_room" && this.#context.ledger.joined(this, String(event.r))) {
      this.#toJoin--;
      if (this.joined) this.#context.onJoined(this);
    }
  }

  /** Sends everything that is due, in one write. */
  flush(): void {
    if (this.due.length === 0 || !this.#connection.open) return;
    let bytes = 0;
    for (let index = 0; index < this.due.length; index++) bytes += this.#template(this.#turn + index).lineBytes;
    const target = Buffer.allocUnsafe(bytes);
    let at = 0;
    for (const micros of this.due) {
      const stream = this.#streams[this.#turn % this.#streams.length] as Stream;
      const number = this.#context.ledger.sending(stream);
      at = this.#template(this.#turn).write(target, at, number, micros);
      this.#turn++;
    }
    this.due.length = 0;
    this.#connection.write(target);
  }

  /** Ends the connection. */
  close(): void {
    this.#connection.close();
  }

  #join(): void {
    const { rooms } = this.#context.ledger.scan;
    this.#connection.say(this.plan.rooms.map((room) => JSON.stringify({ _ct: "join_room", r: rooms[room] })));
  }

  #template(turn: number): LineTemplate {
    return this.#templates[turn % this.#templates.length] as LineTemplate;
  }
}
