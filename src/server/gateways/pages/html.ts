/**
 * Stage 1, the pages: HTML as a tagged template that escapes whatever is put into it. Pure.
 *
 * A value may stand as the text of an element or within a quoted attribute, and nowhere else: not in a tag's name, not
 * in an attribute without quotes, not in `<script>` or `<style>` (there are none). A test looks at the templates.
 */

/** Markup that may go out as it stands: only `html` makes it. */
export class Html {
  readonly markup: string;
  constructor(markup: string) {
    this.markup = markup;
  }
}

/** What may stand in a template. Nothing comes of `undefined` and `false`, so that parts can be left out. */
export type Part = string | number | Html | undefined | false | readonly Part[];

/** Markup of a template; every string in it is text, whatever it holds. */
export function html(template: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let markup = template[0] ?? "";
  for (const [index, part] of parts.entries()) markup += render(part) + (template[index + 1] ?? "");
  return new Html(markup);
}

function render(part: Part): string {
  if (part instanceof Html) return part.markup;
  if (typeof part === "string") return escapeText(part);
  if (typeof part === "number") return String(part);
  if (part === undefined || part === false) return "";
  return part.map(render).join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  // An HTML parser would make a line feed of it, and a text that comes back from a form would be another.
  "\r": "&#13;",
  // A parser drops it or stumbles; this is what it is shown as where it is kept.
  "\0": "\uFFFD",
};

/** Text that means itself, in an element and in a quoted attribute. */
function escapeText(text: string): string {
  return text.replace(/[&<>"'\r\0]/g, (character) => ENTITIES[character] ?? character);
}
