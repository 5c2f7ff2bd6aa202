/**
 * Stage 4: the fold's state at one position as bytes, and back, with the rosters as they are there: so that a lost store
 * costs neither. Folding on from any snapshot gives what folding from the start gives, window included. Layout,
 * little-endian: format u8, three bytes of 0, rooms u32, window entries u32; for each room id 16 bytes, seq f64, n f64;
 * then the window's words; since format 2 then the rosters as JSON. Who keeps the bytes adds the checksum.
 */
import type { Uuid } from "../record.ts";
import { uuidFromWords, uuidToWords } from "../uuid.ts";
import { ENTRY_WORDS, KEY_WINDOW, KeyWindow } from "./key-window.ts";
import { Rosters } from "./roster.ts";
import { Sequencer } from "./sequencer.ts";

const FORMAT = 2;
/** What was written before there were chats. */
const FORMAT_WITHOUT_ROSTERS = 1;
const HEADER_BYTES = 12;
const ROOM_BYTES = 32;

/** What the projector knows at one position. */
export interface Projection {
  readonly sequencer: Sequencer;
  readonly rosters: Rosters;
}

/** Where a fold can start: its state at a position. */
export interface FoldStart extends Projection {
  readonly position: number;
}

/** What it knows at the beginning of a log. */
export const emptyProjection = (): Projection => ({ sequencer: new Sequencer(), rosters: new Rosters() });

/** The state of the projector as bytes. */
export function encodeSnapshot({ sequencer, rosters }: Projection): Uint8Array {
  const chats = Buffer.from(rosters.toJson());
  const heads = sequencer.heads();
  const words = sequencer.window().toWords();
  const bytes = new Uint8Array(HEADER_BYTES + heads.size * ROOM_BYTES + words.length * 4 + chats.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = FORMAT;
  view.setUint32(4, heads.size, true);
  view.setUint32(8, words.length / ENTRY_WORDS, true);
  const id = new Uint32Array(4);
  let at = HEADER_BYTES;
  for (const [room, head] of heads) {
    uuidToWords(room, id, 0);
    for (let i = 0; i < 4; i++) view.setUint32(at + i * 4, id[i] ?? 0, true);
    view.setFloat64(at + 16, head.seq, true);
    view.setFloat64(at + 24, head.n, true);
    at += ROOM_BYTES;
  }
  // Up to 7 MB while messages wait: one copy, not a loop. Every platform that Node is built for here is little-endian.
  new Uint32Array(bytes.buffer, at, words.length).set(words);
  bytes.set(chats, at + words.length * 4);
  return bytes;
}

/** The state that `encodeSnapshot` wrote. Throws where the bytes are none of its making. */
export function decodeSnapshot(bytes: Uint8Array): Projection {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const format = bytes[0];
  if (bytes.length < HEADER_BYTES || (format !== FORMAT && format !== FORMAT_WITHOUT_ROSTERS)) {
    throw new Error(`a snapshot of format ${format ?? "none"} can't be read; this program reads ${FORMAT} and before`);
  }
  const rooms = view.getUint32(4, true);
  const entries = view.getUint32(8, true);
  const expected = HEADER_BYTES + rooms * ROOM_BYTES + entries * ENTRY_WORDS * 4;
  const isWhole = format === FORMAT ? bytes.length >= expected : bytes.length === expected;
  if (entries > KEY_WINDOW || !isWhole) {
    throw new Error(`a snapshot of ${bytes.length} bytes should have ${expected}`);
  }
  const heads = new Map<Uuid, { seq: number; n: number }>();
  const id = new Uint32Array(4);
  let at = HEADER_BYTES;
  for (let room = 0; room < rooms; room++) {
    for (let i = 0; i < 4; i++) id[i] = view.getUint32(at + i * 4, true);
    heads.set(uuidFromWords(id, 0), { seq: view.getFloat64(at + 16, true), n: view.getFloat64(at + 24, true) });
    at += ROOM_BYTES;
  }
  // Copied by `Uint8Array`: a Buffer's own `slice` shares its memory, and the words would be read from where it begins.
  const words = new Uint32Array(new Uint8Array(bytes.subarray(at, expected)).buffer);
  const sequencer = new Sequencer(heads, KeyWindow.fromWords(words));
  const rosters =
    format === FORMAT ? Rosters.fromJson(Buffer.from(bytes.subarray(expected)).toString()) : new Rosters();
  return { sequencer, rosters };
}
