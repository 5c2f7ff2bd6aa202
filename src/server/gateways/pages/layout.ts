/**
 * Stage 1, the pages: what every page has around its own part. Pure, but for the hashes of the two files beside it.
 */
import { createHash } from "node:crypto";
import { titleText } from "./display.ts";
import type { PageFrame, Person } from "./door.ts";
import { type Html, html, type Part } from "./html.ts";
import { ICON, STYLESHEET } from "./stylesheet.ts";

/** A file that pages refer to. Its path changes with its content, so a browser may keep it for ever. */
export interface Asset {
  readonly path: string;
  readonly type: string;
  readonly body: string;
}

/** The stylesheet. */
export const STYLE_ASSET = asset("style", "css", "text/css; charset=utf-8", STYLESHEET);
/** The icon, in the tab and in the head of each page. */
export const ICON_ASSET = asset("icon", "svg", "image/svg+xml", ICON);

function asset(name: string, ending: string, type: string, body: string): Asset {
  const hash = createHash("sha256").update(body).digest("hex").slice(0, 16);
  return { path: `/ui/${name}-${hash}.${ending}`, type, body };
}

/** One page. */
export interface Page {
  readonly title: string;
  /** Who reads it; `undefined` for somebody who is not signed in. */
  readonly me: Person | undefined;
  readonly main: Html;
}

/**
 * The whole document. With a client in its frame it stays what it is for whoever has no script; where there is one, the
 * client takes its place, and finds what it has to know first as attributes: no script stands in the page itself.
 */
export function documentOf({ title, me, main }: Page, frame: PageFrame): string {
  const homePath = me === undefined ? "/" : "/dashboard";
  return `${
    html`<!doctype html>
<html lang="en"${frame.web !== undefined && aboutServer(frame, me)}>
<head>
<meta charset="utf-8">
<title>${titleText(title)} – Verbatim</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" type="image/svg+xml" href="${ICON_ASSET.path}">
<link id="plain-style" rel="stylesheet" href="${STYLE_ASSET.path}">
${frame.web !== undefined && loadClient(frame.web)}</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<a class="brand" href="${homePath}"><img src="${ICON_ASSET.path}" alt="" width="24" height="24">Verbatim</a>
${
  me !== undefined &&
  html`<div class="row"><span>Signed in as <b><bdi>${me.name}</bdi></b></span>
<form method="post" action="/logout"><button class="plain small">Sign out</button></form></div>`
}
</header>
<main id="main" tabindex="-1">
${main}
</main>
</body>
</html>
`.markup
  }`;
}

/** What the client can't do its first step without. */
function aboutServer({ mode, signUp, openAnyway }: PageFrame, me: Person | undefined): Html {
  const who = me !== undefined && html` data-user-id="${me.id}" data-user-name="${me.name}"`;
  return html` data-auth="${mode}" data-sign-up="${signUp}"${openAnyway && html` data-exposed="true"`}${who}`;
}

/** The one script there is: a file of this server. */
function loadClient(web: NonNullable<PageFrame["web"]>): Html {
  const styles = web.styles.map((webPath) => html`<link rel="stylesheet" href="${webPath}">\n`);
  const preloads = web.preloads.map((webPath) => html`<link rel="modulepreload" href="${webPath}">\n`);
  return html`${styles}${preloads}<script type="module" src="${web.entry}"></script>
`;
}

/** What went wrong with a form, beside it. Its fields point to it by `id`. */
export function errorNote(id: string, text: string | undefined): Part {
  return text !== undefined && html`<p class="error" id="${id}" role="alert">${text}</p>`;
}

/** What a form's field needs. */
export interface Field {
  readonly id: string;
  readonly name: string;
  readonly label: string;
  readonly hint: string | undefined;
  readonly type: "text" | "password" | "search";
  readonly autocomplete: string;
  readonly value: string;
  readonly isRequired: boolean;
  /** The id of the error that this field is to blame for. */
  readonly errorId: string | undefined;
}

/** A line to type into, with its label. */
export function field(ask: Field): Html {
  const hintId = ask.hint === undefined ? undefined : `${ask.id}-hint`;
  return html`<div><label for="${ask.id}">${ask.label}</label>
${hintId !== undefined && html`<p class="hint" id="${hintId}">${ask.hint}</p>`}
<input id="${ask.id}" name="${ask.name}" type="${ask.type}" value="${ask.value}" dir="auto"
autocomplete="${ask.autocomplete}" autocapitalize="none" spellcheck="false"${[
    ask.isRequired && html` required`,
    describedBy(ask.errorId, hintId),
  ]}></div>`;
}

/** The attributes of a field that point to its error and its hint; with an error the keyboard begins there. */
export function describedBy(errorId: string | undefined, hintId: string | undefined): Part {
  const ids = [errorId, hintId].filter((id) => id !== undefined).join(" ");
  return [
    ids !== "" && html` aria-describedby="${ids}"`,
    errorId !== undefined && html` aria-invalid="true" autofocus`,
  ];
}

/** A page that only says what went wrong, and where to go from there. */
export function errorPage(me: Person | undefined, title: string, text: string, kept: string): Page {
  const main = html`<div class="narrow stack">
<h1>${title}</h1>
<p class="error">${text}</p>
${
  kept !== "" &&
  html`<p><label for="kept">What you wrote, to keep</label><textarea id="kept" rows="6" readonly dir="auto">
${kept}</textarea></p>`
}
<p>${me === undefined ? html`<a href="/">Sign in</a>` : html`<a href="/dashboard">Back to your chats</a>`}</p>
</div>`;
  return { title, me, main };
}
