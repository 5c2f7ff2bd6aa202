/**
 * When two user names are the same name: beside all stages, because the directory keeps names unique and `auth/` says
 * which there may be. Pure.
 */

/** What folding took apart may be put together as something that folds again; no text is known that needs a third round. */
const ROUNDS_MAX = 4;

/**
 * What stands for a name where case does not count: equal for names that differ in case alone. Of a text that begins
 * with another (after NFC, and not within what NFC puts together) the key begins with the other's key. The key of a key
 * is that key.
 */
export function nameKey(name: string): string {
  let key = name;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const folded = fold(key);
    if (folded === key) break;
    key = folded;
  }
  return key;
}

function fold(text: string): string {
  // Lower case first: "ẞ" has no upper case but itself. Then upper, so that "ß" meets "SS" and "ı" meets "I".
  const folded = text.normalize("NFC").toLowerCase().toUpperCase().toLowerCase();
  // A sigma is written otherwise where a word ends, so "Οδυσσεύς" would not begin with the key of "Οδυσ".
  return folded.replaceAll("ς", "σ").normalize("NFC");
}

/** Orders keys by code points, as their UTF-8 does: text as the language compares it puts U+FF5E after U+1F600. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
