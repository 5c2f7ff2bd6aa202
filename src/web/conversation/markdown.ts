/**
 * The web client, conversation: Markdown to HTML that can do no harm, and to text without marks. Loaded when the first
 * message needs it. HTML in a text stays text; what comes out as HTML is washed once more, so that one fault in one
 * library is not enough.
 */
import createPurifier from "dompurify";
import MarkdownIt from "markdown-it";
import type { RenderText } from "./rich-text.ts";

/** Where a link may lead. No paths: one of this server's own would act in its reader's name. */
const LINKS = /^(?:https?:\/\/|mailto:)/i;

/** What a message may be made of. No images: who loads one tells its owner that they have read. */
const TAGS = [
  ...["p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "a", "ul", "ol", "li"],
  ...["h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"],
];
const ATTRIBUTES = ["href", "target", "rel", "start", "dir"];

/** Lists and quotes within each other; deeper ones are left as text. */
const NESTING_MAX = 12;

type Token = ReturnType<ReturnType<typeof makeParser>["parse"]>[number];

/** What understands a message. */
function makeParser() {
  const markdown = new MarkdownIt({
    html: false,
    breaks: true,
    linkify: true,
    typographer: false,
    maxNesting: NESTING_MAX,
  });
  markdown.disable(["image"]);
  markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
  markdown.validateLink = (url) => LINKS.test(url.trim());
  return markdown;
}

/** Makes what takes the marks out of a text: what is left is what the renderer would have shown as text. */
export function makePlainText(): RenderText {
  const markdown = makeParser();
  return (text) => markdown.parse(text, {}).map(plain).join(" ").trim();
}

/** The text of a token. Blocks stand apart, what is within a line does not. */
function plain({ children, content, type }: Token): string {
  if (children !== null) return children.map(plain).join("");
  return type === "softbreak" || type === "hardbreak" ? " " : content;
}

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
