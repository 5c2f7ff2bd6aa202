/**
 * The web client, conversation: how a message is understood, and the text that is left of it without its marks. Loaded
 * when the first message needs it. Pure.
 */
import MarkdownIt from "markdown-it";
import type { RenderText } from "./rich-text.ts";

/** Where a link may lead. No paths: one of this server's own would act in its reader's name. */
export const LINKS = /^(?:https?:\/\/|mailto:)/i;

/** Lists and quotes within each other; deeper ones are left as text. */
const NESTING_MAX = 12;

type Token = ReturnType<ReturnType<typeof makeParser>["parse"]>[number];

/** Makes what understands messages. HTML in a text stays text. */
export function makeParser() {
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

/** Makes what takes the marks out of a text: what is left is what would have been shown as text. */
export function makePlainText(): RenderText {
  const markdown = makeParser();
  return (text) => markdown.parse(text, {}).map(plain).join(" ").trim();
}

/** The text of a token. Blocks stand apart, what is within a line does not. */
function plain({ children, content, type }: Token): string {
  if (children !== null) return children.map(plain).join("");
  return type === "softbreak" || type === "hardbreak" ? " " : content;
}
