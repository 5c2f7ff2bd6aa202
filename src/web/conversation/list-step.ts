/**
 * The web client, conversation: how the list on the screen gets from the rows that it shows to those that it should.
 * Pure. The virtualiser remembers heights by index, and is told of a change at one end at a time: `shift` says at the
 * front. So a change at both ends takes two steps.
 */

/** Anything with an identity. */
interface Keyed {
  readonly key: string;
}

/** The rows to show next. */
export interface ListStep<Item> {
  readonly rows: readonly Item[];
  /** The rows differ in length at the front. */
  readonly shift: boolean;
  /** Nothing of what was shown is left: begin anew. */
  readonly remount: boolean;
  /** Whether this is what should be shown, or another step follows. */
  readonly isDone: boolean;
}

/** The next step from `shown` to `wanted`. */
export function nextStep<Item extends Keyed>(shown: readonly Item[], wanted: readonly Item[]): ListStep<Item> {
  const first = shown[0];
  const target = wanted[0];
  if (first === undefined || target === undefined) {
    return { rows: wanted, shift: false, remount: first !== target, isDone: true };
  }
  if (first.key === target.key) return { rows: wanted, shift: false, remount: false, isDone: true };
  const added = wanted.findIndex(({ key }) => key === first.key);
  const dropped = added === -1 ? shown.findIndex(({ key }) => key === target.key) : 0;
  if (added === -1 && dropped === -1) return { rows: wanted, shift: false, remount: true, isDone: true };
  const rows = added === -1 ? shown.slice(dropped) : [...wanted.slice(0, added), ...shown];
  const isDone = rows.length === wanted.length && rows[rows.length - 1]?.key === wanted[wanted.length - 1]?.key;
  return { rows: isDone ? wanted : rows, shift: true, remount: false, isDone };
}
