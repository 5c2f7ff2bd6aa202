/**
 * The web client's actions: a message in one line, as the list and a notification show it: without its Markdown, which
 * is taken out by what would have drawn it, once that is loaded.
 */
import { RichTexts } from "../conversation/rich-text.ts";
import { snippet } from "../model/words.ts";

/** As much of a message is looked at, in characters. */
const READ_MAX = 2_000;

/** Makes excerpts. Who draws one draws it again when it can be made better. */
export class Excerpts {
  readonly #plain = new RichTexts(async () => (await import("../conversation/plain-text.ts")).makePlainText());

  /** The beginning of a message. One of marks alone is shown with them. */
  of(text: string): string {
    const read = text.slice(0, READ_MAX);
    const plain = this.#plain.of(read) ?? "";
    return snippet(plain === "" ? read : plain);
  }
}
