/**
 * A terminal's screen as HTML, for pictures: what `tmux capture-pane -e -p` prints, with its colours. Cells keep their
 * width, so that boxes and wide characters stand where they stood.
 */
import stringWidth from "string-width";

/** The sixteen colours that a terminal names, for a light and a dark one: black … white, then the bright ones. */
const NAMED = {
  dark: [
    ...["#1e2127", "#e06c75", "#98c379", "#d19a66", "#61afef", "#c678dd", "#56b6c2", "#abb2bf"],
    ...["#7f848e", "#e88891", "#a9d18e", "#e5c07b", "#7ebef5", "#d291e6", "#6fc5d1", "#ffffff"],
  ],
  light: [
    ...["#24292f", "#b3261e", "#2c6e2f", "#8a5a00", "#0550ae", "#8250df", "#1b6f78", "#57606a"],
    ...["#57606a", "#a40e26", "#1a7f37", "#7a4d00", "#0969da", "#6639ba", "#0f6b75", "#24292f"],
  ],
};

/** Text and ground where nothing else is said. */
const PLAIN = { dark: { text: "#d7dae0", ground: "#16181d" }, light: { text: "#24292f", ground: "#ffffff" } };

const CUBE = [0, 95, 135, 175, 215, 255];

/** A colour of the 256. */
function indexed(index, theme) {
  if (index < 16) return NAMED[theme][index];
  if (index >= 232)
    return `rgb(${Array(3)
      .fill(8 + (index - 232) * 10)
      .join(",")})`;
  const at = index - 16;
  return `rgb(${[Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6].map((step) => CUBE[step]).join(",")})`;
}

/** Takes the colour that follows 38 or 48 off the front of the codes. */
function extended(codes, theme) {
  const kind = codes.shift();
  if (kind === 5) return indexed(codes.shift() ?? 0, theme);
  if (kind === 2) return `rgb(${codes.splice(0, 3).join(",")})`;
  return undefined;
}

/** What a code changes: nothing of it has an argument. */
const CHANGES = {
  0: { bold: false, dim: false, italic: false, underline: false, inverse: false, text: undefined, ground: undefined },
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  39: { text: undefined },
  49: { ground: undefined },
};

/** A code that names one of the sixteen colours: what it is for, and which. */
function namedColour(code) {
  const bright = code >= 90;
  const base = bright ? 90 : 30;
  const index = (code - base) % 10;
  return { part: code - base < 10 ? "text" : "ground", index: bright ? index + 8 : index };
}

/** The style after more codes of "select graphic rendition". */
function restyled(style, numbers, theme) {
  const codes = [...numbers];
  let now = { ...style };
  while (codes.length > 0) {
    const code = codes.shift();
    if (CHANGES[code] !== undefined) now = { ...now, ...CHANGES[code] };
    else if (code === 38) now.text = extended(codes, theme);
    else if (code === 48) now.ground = extended(codes, theme);
    else if ((code >= 30 && code < 48) || (code >= 90 && code < 108)) {
      const { part, index } = namedColour(code);
      now[part] = NAMED[theme][index];
    }
  }
  return now;
}

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

const glyphs = new Intl.Segmenter("en", { granularity: "grapheme" });

/** What takes two cells of a terminal is two cells wide, whatever the font has for it. */
const inCells = (text) =>
  Array.from(glyphs.segment(text), ({ segment }) =>
    stringWidth(segment) === 2 ? `<i>${escaped(segment)}</i>` : escaped(segment),
  ).join("");

/** A run of text in its style. */
function spanOf(text, style, theme) {
  if (text === "") return "";
  const plain = PLAIN[theme];
  const [over, under] = [style.text ?? plain.text, style.ground ?? plain.ground];
  const [colour, ground] = style.inverse ? [under, over] : [over, under];
  const css = [
    `color:${colour}`,
    ground === plain.ground ? "" : `background:${ground}`,
    style.bold ? "font-weight:700" : "",
    style.dim ? "opacity:.65" : "",
    style.italic ? "font-style:italic" : "",
    style.underline ? "text-decoration:underline" : "",
  ];
  return `<span style="${css.filter((part) => part !== "").join(";")}">${inCells(text)}</span>`;
}

/** One line; resolves with its HTML and the style in which the next begins. */
function lineOf(line, begin, theme) {
  let style = begin;
  let html = "";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what colours begin with.
  for (const part of line.split(/(\u001b\[[0-9;:]*m)/)) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
    const codes = /^\u001b\[([0-9;:]*)m$/.exec(part);
    if (codes === null) html += spanOf(part, style, theme);
    else style = restyled(style, (codes[1] || "0").split(/[;:]/).map(Number), theme);
  }
  return { html, style };
}

/**
 * The screen as a whole HTML document.
 * @param {string} screen the lines, with their escape sequences
 * @param {{ theme: "light" | "dark", title: string }} look
 * @returns {string}
 */
export function screenHtml(screen, { theme, title }) {
  const { text, ground } = PLAIN[theme];
  let style = {};
  const lines = screen.split("\n").map((line) => {
    const drawn = lineOf(line, style, theme);
    style = drawn.style;
    return drawn.html;
  });
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title><style>
body{margin:0;background:${ground};color:${text}}
pre{margin:0;padding:14px 16px;width:max-content;font:15px/1.3 "DejaVu Sans Mono","Liberation Mono",monospace}
i{display:inline-block;width:2ch;font-style:normal;text-align:center}
</style></head><body><pre>${lines.join("\n")}</pre></body></html>`;
}
