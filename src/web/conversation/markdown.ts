/**
 * The web client, conversation: Markdown to HTML that can do no harm. Loaded when the first message needs it. HTML in a
 * text stays text; what comes out is washed once more, so that one fault in one library is not enough.
 */
import createPurifier from "dompurify";
import { LINKS, makeParser } from "./plain-text.ts";
import type { RenderText } from "./rich-text.ts";

/** What a message may be made of. No images: who loads one tells its owner that they have read. */
const TAGS = [
  ...["p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "a", "ul", "ol", "li"],
  ...["h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"],
];
const ATTRIBUTES = ["href", "target", "rel", "start", "dir"];

/** Makes the renderer. */
export function makeRenderer(): RenderText {
  const markdown = makeParser();
  // Each block finds its own direction, whatever the one before it had.
  for (const rule of ["paragraph_open", "heading_open", "list_item_open", "td_open", "th_open", "blockquote_open"]) {
    markdown.renderer.rules[rule] = (tokens, index, options, _env, self) => {
      tokens[index]?.attrSet("dir", "auto");
      return self.renderToken(tokens, index, options);
    };
  }
  const purifier = createPurifier(window);
  purifier.addHook("afterSanitizeAttributes", (node) => {
    if (node.nodeName !== "A") return;
    node.setAttribute("target", "_blank");
    node.setAttribute("rel", "noopener noreferrer nofollow");
  });
  return (text) =>
    purifier.sanitize(markdown.render(text), {
      ALLOWED_TAGS: TAGS,
      ALLOWED_ATTR: ATTRIBUTES,
      ALLOWED_URI_REGEXP: LINKS,
      ALLOW_DATA_ATTR: false,
      ALLOW_ARIA_ATTR: false,
    });
}
