/**
 * Around the stages: failures that are nobody's mistake and end by themselves, as of a database that is being started
 * again. Adapters say of theirs whether they are; doors then tell whoever asked to try again. Pure.
 */

/** A failure that says whether it may pass by itself. */
export interface PassingError extends Error {
  readonly passes: boolean;
}

/** Whether the same again may succeed later, with nobody having mended anything. */
export function passesByItself(error: unknown): boolean {
  return error instanceof Error && (error as Partial<PassingError>).passes === true;
}
