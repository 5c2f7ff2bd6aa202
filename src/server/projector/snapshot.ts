/**
 * Stage 4: the fold's state at one position as bytes, and back. Folding on from any snapshot gives what folding from
 * the start gives, window included. Layout, little-endian: format u8, three bytes of 0, rooms u32, window entries u32;
 * for each room id 16 bytes, seq f64, n f64; then the window's words. Who keeps the bytes adds the checksum.
 */
import type { Uuid } from "../record.ts";
import { uuidFromWords, uuidToWords } from "../uuid.ts";
import { ENTRY_WORDS, KEY_WINDOW, KeyWindow } from "./key-window.ts";
import { Sequencer } from "./sequencer.ts";

const FORMAT = 1;
const HEADER_BYTES = 12;
const ROOM_BYTES = 32;

/** The state of a sequencer as bytes. */
export function encodeSnapshot(sequencer: Sequencer): Uint8Array {
  const heads = sequencer.heads();
  const words = sequencer.window().toWords();
  const bytes = new Uint8Array(HEADER_BYTES + heads.size * ROOM_BYTES + words.length * 4);
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
  return bytes;
}

/** A sequencer in the state that `encodeSnapshot` wrote. Throws where the bytes are none of its making. */
export function decodeSnapshot(bytes: Uint8Array): Sequencer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || bytes[0] !== FORMAT) {
    throw new Error(`a snapshot of format ${bytes[0] ?? "none"} can't be read; this program reads ${FORMAT}`);
  }
  const rooms = view.getUint32(4, true);
  const entries = view.getUint32(8, true);
  const expected = HEADER_BYTES + rooms * ROOM_BYTES + entries * ENTRY_WORDS * 4;
  if (entries > KEY_WINDOW || bytes.length !== expected) {
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
  const words = new Uint32Array(new Uint8Array(bytes.subarray(at)).buffer);
  return new Sequencer(heads, KeyWindow.fromWords(words));
}
