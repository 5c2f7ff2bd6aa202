/**
 * Stage 5: memory for full blocks, used over and over: what is made anew several hundred times a second has the collector
 * look through the whole heap each time. Touches memory only.
 */
import { BLOCK_BYTES_MAX } from "./blocks.ts";

/** Memory that is kept for the next write, in bytes; what a busy server has on its way to the store. */
const KEPT_BYTES_MAX = 16 * 1024 * 1024;

/** Pieces of `BLOCK_BYTES_MAX` bytes that are free. */
export class BlockBuffers {
  readonly #free: Buffer[] = [];

  /** A piece of memory that nobody else has; what stands in it is anything. */
  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES_MAX);
  }

  /** Takes a piece back that nobody uses any more. */
  give(buffer: Buffer): void {
    if (buffer.length === BLOCK_BYTES_MAX && this.#free.length * BLOCK_BYTES_MAX < KEPT_BYTES_MAX)
      this.#free.push(buffer);
  }
}
