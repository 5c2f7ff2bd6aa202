/**
 * Test support, load: the owner of a chat, who changes it over HTTP while the others talk: adds and removes members, takes
 * messages back, makes people and chats; and a reader who marks how far they have read. What was acknowledged must hold
 * after each restart; what was on its way may have happened or not.
 */
import type { Dice } from "./faults-run.ts";
import { type Actor, codeOf, HttpLane, type LoadAnswer, type LoadAsk, type LoadDoors } from "./load-actor.ts";
import type { LoadRoom } from "./load-room.ts";

/** Something that is asked, and what holds once it was done. */
interface Change {
  readonly ask: LoadAsk;
  /** Statuses that say that it was done. */
  readonly statuses: readonly number[];
  /** It was done. */
  readonly done: (answer: LoadAnswer | undefined) => void;
  /** After a restart: whether it was; `undefined` = it is asked again. */
  readonly look: "members" | "marker" | undefined;
  readonly subject: string;
}

/** Who is there. */
export interface KeeperStyle {
  readonly owner: string;
  /** A member who only reads. */
  readonly reader: string;
  /** People who are added and removed, and do nothing else. */
  readonly spares: readonly string[];
  /** Those who are members for good, the owner and the reader among them. */
  readonly members: readonly string[];
  readonly dice: Dice;
}

/** The owner of a chat. */
export class Keeper implements Actor {
  readonly label = "keeper";
  readonly faults: string[] = [];
  readonly refusals: string[] = [];
  /** Changes that were acknowledged, by what they are. */
  readonly changes = new Map<string, number>();
  /** Keys of messages whose removal was acknowledged. */
  readonly removed = new Set<string>();
  readonly room: LoadRoom;
  readonly #style: KeeperStyle;
  readonly #members: Set<string>;
  /** Chats that were made, as they were answered. */
  readonly #chats: (readonly [string, string])[] = [];
  #marker = 0;
  #pending: Change | undefined;
  #made = 0;
  #isQuiet = false;

  constructor(room: LoadRoom, style: KeeperStyle) {
    this.room = room;
    this.#style = style;
    this.#members = new Set(style.members);
  }

  get pending(): number {
    return this.#pending === undefined ? 0 : 1;
  }

  /** Who is a member, as far as was acknowledged. */
  get members(): ReadonlySet<string> {
    return this.#members;
  }

  /** How far the reader has read. */
  get marker(): number {
    return this.#marker;
  }

  /** Looks whether all that was acknowledged holds, and then goes on. Nobody may talk meanwhile. */
  async come({ httpPort }: LoadDoors): Promise<boolean> {
    const lane = new HttpLane(httpPort, this.#style.owner);
    try {
      await this.#look(lane);
    } catch {
      lane.close();
      return false;
    }
    void this.#run(lane);
    return true;
  }

  quieten(): void {
    this.#isQuiet = true;
  }

  async #run(lane: HttpLane): Promise<void> {
    try {
      while (!this.#isQuiet || this.#pending !== undefined) {
        this.#pending ??= this.#next();
        const answer = await lane.ask(this.#pending.ask);
        const code = codeOf(answer);
        if (this.#pending.statuses.includes(answer.status)) this.#did(this.#pending, answer);
        else if (["going_away", "not_sent", "unknown", "overloaded", "unavailable"].includes(code)) {
          this.refusals.push(code);
          if (code === "going_away") break;
        } else {
          this.faults.push(`${this.#pending.ask.method} ${this.#pending.ask.path}: ${code}`);
          this.#pending = undefined;
        }
      }
    } catch {
      // The server went: what is pending shows when it is back.
    }
    lane.close();
  }

  #did({ subject, done }: Change, answer: LoadAnswer | undefined): void {
    done(answer);
    this.#pending = undefined;
    const what = subject.split(" ", 1)[0] ?? "";
    this.changes.set(what, (this.changes.get(what) ?? 0) + 1);
  }

  #next(): Change {
    const chance = this.#style.dice.roll();
    const acknowledged = [...this.room.acknowledged];
    if (chance < 0.3 || acknowledged.length === 0) return this.#changeMember();
    if (chance < 0.55) return this.#removeMessage(this.#style.dice.one(acknowledged));
    if (chance < 0.85) return this.#mark(this.#style.dice.one(acknowledged.slice(-20))[1].seq);
    return this.#makeChat();
  }

  #changeMember(): Change {
    const user = this.#style.dice.one(this.#style.spares);
    const path = `/chats/${this.room.name}/members`;
    const common = { look: "members", subject: `member ${user}` } as const;
    const headers = {};
    if (this.#members.has(user)) {
      const ask = { method: "DELETE", path: `${path}/${user}`, form: undefined, headers } as const;
      return { ...common, ask, statuses: [204], done: () => void this.#members.delete(user) };
    }
    const ask = { method: "POST", path, form: { members: user }, headers } as const;
    return { ...common, ask, statuses: [200], done: () => void this.#members.add(user) };
  }

  #removeMessage([key, { id }]: readonly [string, { readonly id: string }]): Change {
    const path = `/chats/${this.room.name}/messages/${id}`;
    const ask = { method: "DELETE", path, form: undefined, headers: {} } as const;
    return { ask, statuses: [204], done: () => void this.removed.add(key), look: undefined, subject: `removal ${key}` };
  }

  #mark(seq: number): Change {
    const headers = { cookie: `user_id=${this.#style.reader}` };
    const ask = { method: "PUT", path: `/chats/${this.room.name}/read`, form: { seq: String(seq) }, headers } as const;
    const done = (): void => {
      this.#marker = Math.max(this.#marker, seq);
    };
    return { ask, statuses: [200], done, look: "marker", subject: `marker ${seq}` };
  }

  #makeChat(): Change {
    const name = `made ${this.#made++}`;
    const form = { name, members: this.#style.reader };
    const ask = { method: "POST", path: "/chats", form, headers: {} } as const;
    const done = (answer: LoadAnswer | undefined): void => {
      this.#chats.push([String(answer?.json?.["chat_id"]), JSON.stringify(answer?.json)]);
    };
    return { ask, statuses: [201], done, look: undefined, subject: `chat ${name}` };
  }

  /** What was acknowledged holds; what was pending is settled one way or the other, or will be asked again. */
  async #look(lane: HttpLane): Promise<void> {
    await this.#lookAtMembers(lane);
    await this.#lookAtMarker(lane);
    for (const [id, before] of this.#chats.slice(-3)) {
      const { status, json } = await this.#get(lane, `/chats/${id}`);
      if (JSON.stringify(json) !== before)
        this.faults.push(`a chat is ${status} ${JSON.stringify(json)}, was ${before}`);
    }
    const removed = [...this.removed].at(-1);
    if (removed === undefined) return;
    const seq = this.room.acknowledged.get(removed)?.seq ?? 0;
    const { json } = await this.#get(lane, `/chats/${this.room.name}/messages?after=${seq - 1}&limit=1`);
    const [kept] = json as unknown as readonly Record<string, unknown>[];
    if (kept?.["seq"] !== seq || kept["content"] !== "" || kept["removed"] !== true) {
      this.faults.push(`${removed} was removed and is ${JSON.stringify(kept)}`);
    }
  }

  async #lookAtMembers(lane: HttpLane): Promise<void> {
    const { json } = await this.#get(lane, `/chats/${this.room.name}`);
    const found = [...((json?.["members"] ?? []) as readonly string[])].sort();
    const before = [...this.#members].sort();
    if (found.join() === before.join()) {
      if (this.#pending?.look === "members") this.#pending = undefined;
      return;
    }
    if (this.#pending?.look === "members") this.#did(this.#pending, undefined);
    const after = [...this.#members].sort();
    if (found.join() !== after.join()) this.faults.push(`members are ${found}, were ${before}, at most ${after}`);
  }

  /** Unread is exact: the messages after the marker, and the marker is the one that was acknowledged. */
  async #lookAtMarker(lane: HttpLane): Promise<void> {
    const cookie = `user_id=${this.#style.reader}`;
    const mine = (await this.#get(lane, "/chats", cookie)).json as unknown as readonly Record<string, unknown>[];
    const unread = mine.find((chat) => chat["chat_id"] === this.room.name)?.["unread"];
    const seqs: number[] = [];
    let path: string | undefined = `/chats/${this.room.name}/messages?after=${this.#marker}&limit=1000`;
    while (path !== undefined) {
      const { json, link } = await this.#get(lane, path);
      seqs.push(...(json as unknown as readonly { readonly seq: number }[]).map(({ seq }) => seq));
      path = /<([^>]+)>; rel="next"/.exec(link ?? "")?.[1];
    }
    if (unread === seqs.length) {
      if (this.#pending?.look === "marker") this.#pending = undefined;
      return;
    }
    const before = this.#marker;
    if (this.#pending?.look === "marker") this.#did(this.#pending, undefined);
    const left = seqs.filter((seq) => seq > this.#marker).length;
    if (unread !== left)
      this.faults.push(`${unread} unread; ${seqs.length} after ${before}, ${left} after ${this.#marker}`);
  }

  async #get(lane: HttpLane, path: string, cookie: string | undefined = undefined): Promise<LoadAnswer> {
    const headers: Record<string, string> = cookie === undefined ? {} : { cookie };
    const answer = await lane.ask({ method: "GET", path, form: undefined, headers });
    if (answer.status !== 200) this.faults.push(`GET ${path} was answered ${codeOf(answer)}`);
    return answer;
  }
}
