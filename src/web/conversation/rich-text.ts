/**
 * The web client, conversation: which texts need Markdown, and what makes something of it, loaded when the first one
 * comes. A text without any mark of it is shown as it is.
 */
import { type ReadonlySignal, signal } from "@preact/signals";

/** Makes something of a text with Markdown: safe HTML, or what is left without its marks. */
export type RenderText = (text: string) => string;

/** What may be Markdown or a link. A text that matches nothing here is the same with and without. */
const MARKS =
  /[*_`[\]\\|]|~~|https?:\/\/|mailto:|^\s{0,3}(?:#{1,6}\s|>|[-+]\s|\d{1,9}[.)]\s|[-=]{2,})|^(?: {4}|\t)|&[#a-z]/im;

/** Rendered texts that are kept, and their length in characters, all together. */
const KEPT_TEXTS_MAX = 400;
const KEPT_LENGTH_MAX = 512 * 1024;

/** Whether a text looks other with Markdown than without. */
export function needsMarkdown(text: string): boolean {
  return MARKS.test(text);
}

/** Rendered texts. */
export class RichTexts {
  readonly #load: () => Promise<RenderText>;
  readonly #render = signal<RenderText | undefined>(undefined);
  readonly #kept = new Map<string, string>();
  #keptLength = 0;
  #isAsked = false;

  constructor(load: () => Promise<RenderText>) {
    this.#load = load;
  }

  /** Changes once, when Markdown can be shown. */
  get isReady(): ReadonlySignal<RenderText | undefined> {
    return this.#render;
  }

  /** What is made of a text that needs it; `undefined` where it is shown as it is, for now or for good. */
  of(text: string): string | undefined {
    if (!needsMarkdown(text)) return undefined;
    const render = this.#render.value;
    if (render === undefined) {
      this.#ask();
      return undefined;
    }
    const kept = this.#kept.get(text);
    if (kept !== undefined) return kept;
    const made = render(text);
    this.#keep(text, made);
    return made;
  }

  #ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#load().then(
      (render) => {
        this.#render.value = render;
      },
      // Plain text reads well enough; the next text that needs it asks again.
      () => {
        this.#isAsked = false;
      },
    );
  }

  #keep(text: string, made: string): void {
    this.#kept.set(text, made);
    this.#keptLength += text.length + made.length;
    for (const [eldest, { length }] of this.#kept) {
      if (this.#kept.size <= KEPT_TEXTS_MAX && this.#keptLength <= KEPT_LENGTH_MAX) return;
      this.#kept.delete(eldest);
      this.#keptLength -= eldest.length + length;
    }
  }
}
