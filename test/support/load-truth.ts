/**
 * Test support, load: what stands in a room at last, read in every way that there is, and what is wrong with it.
 */
import type { ChatClient, ChatEvent } from "./chat-client.ts";
import { HttpLane } from "./load-actor.ts";
import type { LoadRoom } from "./load-room.ts";

/** One record of a room. */
export interface KeptRecord {
  readonly seq: number;
  /** `undefined` = a message. */
  readonly change: string | undefined;
  /** Who sent it, or whom the change concerns. */
  readonly user: string | undefined;
  readonly id: string;
  readonly text: string;
  readonly key: string | undefined;
  readonly isRemoved: boolean;
}

/** What stands in a room, and what is wrong with it. */
export interface Truth {
  readonly records: readonly KeptRecord[];
  readonly messages: readonly KeptRecord[];
  readonly wrong: readonly string[];
}

const recordOf = ({ _et, q = 0, e, u, i = "", c = "", k, x }: ChatEvent): KeptRecord => ({
  seq: q,
  change: _et === "user_message" ? undefined : (e ?? _et),
  user: u,
  id: i,
  text: c,
  key: k,
  isRemoved: x === true,
});

/**
 * Reads a room by history, by joining it, and over HTTP, by a client who said `hello` and may see it. The three must be
 * the same: seqs dense, each key once, every acknowledged message in its place, removed exactly those of `removed`.
 */
export async function readTruth(
  room: LoadRoom,
  client: ChatClient,
  http: { readonly port: number; readonly userId: string },
  removed: ReadonlySet<string>,
): Promise<Truth> {
  const records = await readHistoryRecords(client, room.name);
  const messages = records.filter(({ change }) => change === undefined);
  const wrong: string[] = [];
  const complain = (text: string): void => {
    if (wrong.length < 20) wrong.push(`${room.name}: ${text}`);
  };
  const compare = (how: string, found: readonly string[], expected: readonly string[]): void => {
    const at = expected.findIndex((text, index) => found[index] !== text);
    if (at >= 0 || found.length !== expected.length) {
      complain(
        `${how}: ${found.length} records, ${expected.length} in history; ${found[at]} where ${expected[at]} stands`,
      );
    }
  };
  const line = ({ seq, id, change, isRemoved, text }: KeptRecord): string =>
    `${seq} ${change ?? id} ${isRemoved} ${text.slice(0, 40)}`;
  compare("join", (await readByJoining(client, room.name)).map(line), records.map(line));
  compare("HTTP", await readPages(room.name, http), messages.map(line));

  const seen = new Set<string>();
  for (const [index, { seq, key, text, isRemoved }] of records.entries()) {
    if (seq !== index + 1) complain(`seq ${seq} stands where ${index + 1} should`);
    if (key === undefined) continue;
    if (seen.has(key)) complain(`${key} stands there twice`);
    if (!room.keys.has(key)) complain(`${key} was never sent`);
    if (removed.has(key) !== isRemoved) complain(`${key} is removed: ${isRemoved}`);
    if (isRemoved !== (text === "")) complain(`${key} has the text ${text}`);
    seen.add(key);
  }
  for (const [key, { id, seq }] of room.acknowledged) {
    const kept = records[seq - 1];
    if (kept?.key !== key || kept.id !== id) complain(`${key} was acknowledged as ${seq} and is not there`);
  }
  return { records, messages, wrong };
}

async function readHistoryRecords(client: ChatClient, room: string): Promise<readonly KeptRecord[]> {
  const all: KeptRecord[] = [];
  for (let more = true; more; ) {
    const page = await client.history(room, { after: all.at(-1)?.seq ?? 0 });
    if (page._et === "error") throw new Error(`history: ${page.code}`);
    for (const event of page.ms ?? []) all.push(recordOf(event));
    more = page.more === true;
  }
  return all;
}

async function readByJoining(client: ChatClient, room: string): Promise<readonly KeptRecord[]> {
  const from = client.events.length;
  const command = { _ct: "join_room", r: room, after: 0 };
  await client.ask(command, ({ _et, r }) => _et === "caught_up" && r === room, 60_000);
  const told = client.events
    .slice(from)
    .filter(({ r, q, _et }) => r === room && q !== undefined && _et !== "caught_up");
  return told.map(recordOf);
}

async function readPages(
  room: string,
  { port, userId }: { readonly port: number; readonly userId: string },
): Promise<readonly string[]> {
  const lane = new HttpLane(port, userId);
  const all: string[] = [];
  let path: string | undefined = `/chats/${room}/messages?limit=1000`;
  while (path !== undefined) {
    const { status, json, link } = await lane.ask({ method: "GET", path, form: undefined, headers: {} });
    if (status !== 200) throw new Error(`${path} was answered ${status}`);
    for (const message of json as unknown as readonly Record<string, unknown>[]) {
      const { seq, message_id: id, content, removed } = message;
      all.push(`${seq} ${id} ${removed === true} ${String(content).slice(0, 40)}`);
    }
    path = /<([^>]+)>; rel="next"/.exec(link ?? "")?.[1];
  }
  lane.close();
  return all.reverse();
}
