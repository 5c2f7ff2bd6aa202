/**
 * The web client, conversation: the text of one message, as Markdown where it has any.
 */
import { useState } from "preact/hooks";
import type { RichTexts } from "./rich-text.ts";

/** Longer texts are shown in part until their reader asks for more: lines, and characters. */
const LINES_MAX = 25;
const LENGTH_MAX = 2_000;

/** A text. What its writer could do with it is to fill the screen, and that is cut short. */
export function MessageText({ text, rich }: { readonly text: string; readonly rich: RichTexts }) {
  const [isWhole, setWhole] = useState(false);
  const isLong = text.length > LENGTH_MAX || hasMoreLines(text, LINES_MAX);
  const html = rich.of(text);
  const name = `vc-text${isLong && !isWhole ? " vc-cut" : ""}`;
  return (
    <>
      {html === undefined ? (
        <div class={`${name} vc-plain`} dir="auto">
          {text}
        </div>
      ) : (
        // What comes here was made by markdown.ts, which escapes and washes it.
        // biome-ignore lint/security/noDangerouslySetInnerHtml: see above
        <div class={`${name} vc-rich`} dir="auto" dangerouslySetInnerHTML={{ __html: html }} />
      )}
      {isLong && (
        <button type="button" class="vc-link" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
          {isWhole ? "Show less" : "Show all"}
        </button>
      )}
    </>
  );
}

function hasMoreLines(text: string, max: number): boolean {
  let from = -1;
  for (let lines = 0; lines < max; lines++) {
    from = text.indexOf("\n", from + 1);
    if (from === -1) return false;
  }
  return true;
}
