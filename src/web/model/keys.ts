/**
 * The web client's model: what the keys of this keyboard are called. Pure.
 */

/** Keys as they are written on the reader's keyboard: `Ctrl+K` is `⌘K` to those whose machine (`platform`) is Apple's. */
export function keyNames(keys: string, platform: string): string {
  if (!/^(Mac|iPhone|iPad|iPod)/.test(platform)) return keys;
  return keys.replaceAll("Ctrl+", "⌘").replaceAll("Alt+", "⌥").replaceAll("Shift+", "⇧");
}
