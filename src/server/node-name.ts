/** Around the stages: what a node is called among the nodes. Pure. */
import type { Chance } from "./clock.ts";

/** A name that no other node has: new with each start, for what a node said before is not said by the next one. */
export function nodeName(chance: Chance): string {
  const bytes = Buffer.alloc(8);
  chance(bytes);
  return bytes.toString("hex");
}
