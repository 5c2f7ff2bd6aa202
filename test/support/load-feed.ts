/**
 * Test support, load: somebody who hears all their chats over `/ws/connect/{user_id}` and never says a word. There is no
 * coming back to what was missed; what was heard from the opening on must be whole.
 */
import type { ChatEvent } from "./chat-client.ts";
import type { Actor, LoadDoors } from "./load-actor.ts";
import { WebSocketLink } from "./load-link.ts";
import type { LoadRoom } from "./load-room.ts";

/** What one connection heard of the room. */
interface Hearing {
  /** How many messages had been sent when the connection was there: those after them must be heard. */
  readonly sentBefore: number;
  /** What was heard, in that order. */
  readonly heard: { readonly seq: number; readonly id: string }[];
}

/** An ear of somebody who is in one chat. */
export class Feed implements Actor {
  readonly label: string;
  readonly pending = 0;
  readonly faults: string[] = [];
  readonly refusals: string[] = [];
  readonly room: LoadRoom;
  readonly #userId: string;
  readonly #hearings: Hearing[] = [];
  #link: WebSocketLink | undefined;

  constructor(label: string, room: LoadRoom, userId: string) {
    this.label = label;
    this.room = room;
    this.#userId = userId;
  }

  /** The connection of the moment. */
  get link(): WebSocketLink {
    if (this.#link === undefined) throw new Error(`${this.label} has never connected`);
    return this.#link;
  }

  /** The last seq that was heard on the connection of the moment. */
  get cursor(): number {
    return this.#hearings.at(-1)?.heard.at(-1)?.seq ?? 0;
  }

  async come({ httpPort }: LoadDoors): Promise<boolean> {
    const heard: Hearing["heard"] = [];
    const link = await new Promise<WebSocketLink>((resolve) => {
      const path = `/ws/connect/${this.#userId}`;
      const made = new WebSocketLink(
        httpPort,
        path,
        undefined,
        (event) => this.#take(event, heard),
        () => {
          this.#hearings.push({ sentBefore: this.room.keys.size, heard });
          resolve(made);
        },
      );
      void made.ended.then(() => resolve(made));
    });
    this.#link = link;
    return link.wasOpen;
  }

  quieten(): void {
    // Never says anything.
  }

  /**
   * What is wrong with what was heard, given the messages that stand in the room, in their order: each connection must
   * have heard, from its first message to its last, every one that there is, and no connection may have begun late.
   */
  findings(messages: readonly { readonly seq: number; readonly id: string; readonly key: string | undefined }[]) {
    const sentAs = new Map([...this.room.keys].map((key, index) => [key, index]));
    const wrong: string[] = [];
    for (const [index, { sentBefore, heard }] of this.#hearings.entries()) {
      const first = heard[0]?.seq ?? Number.POSITIVE_INFINITY;
      const last = heard.at(-1)?.seq ?? 0;
      const due = messages.filter(({ seq }) => seq >= first && seq <= last);
      const heardText = heard.map(({ seq, id }) => `${seq} ${id}`);
      const dueText = due.map(({ seq, id }) => `${seq} ${id}`);
      const differs = dueText.findIndex((text, at) => text !== heardText[at]);
      const where = `${this.label}, connection ${index}`;
      if (differs >= 0 || heardText.length !== dueText.length) {
        wrong.push(`${where}: heard ${heardText[differs]} where ${dueText[differs]} stands, ${heard.length} in all`);
      }
      const missed = messages.find(
        ({ seq, key }) => seq < Math.min(first, last) && (sentAs.get(key ?? "") ?? -1) >= sentBefore,
      );
      if (missed !== undefined) wrong.push(`${where}: never heard ${missed.key}, which was sent after it had come`);
    }
    return wrong;
  }

  #take({ _et, r, q, i, code }: ChatEvent, heard: Hearing["heard"]): void {
    if (_et === "error" && code === "going_away") this.refusals.push(code);
    else if (_et !== "user_message" || r !== this.room.name) this.faults.push(`heard ${_et} ${code ?? r}`);
    else heard.push({ seq: q ?? 0, id: i ?? "" });
  }
}
