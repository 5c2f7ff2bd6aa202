/** What keeps the server from starting, told to the person who starts it. */

/** A start that can't go on. The message is one clear line that says what is wrong and what to do about it. */
export class StartError extends Error {
  override readonly name = "StartError";
}
