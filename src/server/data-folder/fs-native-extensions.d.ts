/** The one call that is used of `fs-native-extensions`, which brings no types. */
declare module "fs-native-extensions" {
  /**
   * Locks a file that is open for writing, against every other descriptor of every process; `false` where another has
   * it. The lock ends with the descriptor, so at the latest with its process.
   */
  export function tryLock(fd: number): boolean;
}
