/**
 * Stage 1, the pages: their one stylesheet, as text, so that the build has nothing to copy. Colours stand at the top as
 * pairs, light and dark; a test holds each pair that is used to the contrast of WCAG AA.
 */
export const STYLESHEET = `
:root {
  color-scheme: light dark;
  --page: #f7f5f1;
  --card: #ffffff;
  --text: #1f1d1a;
  --quiet: #5d5952;
  --line: #ddd8cf;
  --edge: #847d72;
  --link: #17539a;
  --fill: #17539a;
  --on-fill: #ffffff;
  --danger: #a1231a;
  --mark: #fbe9e7;
  --own: #eef4fb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14161a;
    --card: #1d2026;
    --text: #ecebe8;
    --quiet: #aeaca6;
    --line: #343841;
    --edge: #7d828c;
    --link: #92bff5;
    --fill: #92bff5;
    --on-fill: #0c1c30;
    --danger: #f4a49c;
    --mark: #3a2220;
    --own: #1c2a3b;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html {
  font: 100%/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
  background: var(--page);
  color: var(--text);
  overflow-wrap: anywhere;
  -webkit-text-size-adjust: 100%;
}
body { margin: 0; }
h1, h2, h3, p, ol, ul, dl, form, fieldset { margin: 0; padding: 0; }
h1 { font-size: 1.5rem; line-height: 1.25; }
h2 { font-size: 1.125rem; line-height: 1.3; }
h3 { font-size: 0.875rem; font-weight: 600; color: var(--quiet); }
ol, ul { list-style: none; }
a { color: var(--link); }
/* Marks that pile up on one letter stay within its line. */
h1, h2, .snippet, .rooms a { overflow: hidden; }
bdi { display: inline-block; max-width: 100%; overflow: hidden; vertical-align: bottom; }
a bdi { text-decoration: underline; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 4px; }
[tabindex="-1"]:focus { outline: none; }
.skip { position: absolute; left: -100vw; padding: 0.5rem 1rem; background: var(--card); }
.skip:focus { left: 0.5rem; top: 0.5rem; z-index: 2; }
.unseen {
  position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
.quiet { color: var(--quiet); font-size: 0.875rem; }
.row { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center; }
.person { display: flex; gap: 0.25rem 1rem; align-items: center; justify-content: space-between; }
.person > * { min-width: 0; }

.top {
  display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; align-items: center; justify-content: space-between;
  padding: 0.625rem max(1rem, calc((100vw - 70rem) / 2 + 1rem)); background: var(--card); border-bottom: 1px solid var(--line);
}
.brand { display: inline-flex; gap: 0.5rem; align-items: center; color: inherit; font-weight: 700; text-decoration: none; }
.brand img { display: block; }
.top .row { gap: 0.25rem 0.75rem; min-width: 0; }
main { display: block; max-width: 70rem; margin: 0 auto; padding: 1.25rem 1rem 2rem; }
/* Not the columns that a grid makes by itself: they grow with what can't be broken, such as a letter with many marks. */
.columns, .stack, .form, .messages, .messages ol, .list { display: grid; grid-template-columns: minmax(0, 1fr); }
.columns { gap: 1.25rem; align-items: start; }
.columns > * { min-width: 0; }
@media (min-width: 40rem) { .columns.even { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
@media (min-width: 56rem) {
  .columns.beside { grid-template-columns: minmax(0, 1fr) 20rem; grid-template-rows: auto 1fr; }
  .columns.beside > .side { grid-column: 2; grid-row: 1 / span 2; }
  aside.side { position: sticky; top: 1rem; max-height: calc(100vh - 2rem); overflow-y: auto; }
}
main > .columns { margin-top: 1.25rem; }
.stack { gap: 1.25rem; }
.narrow { max-width: 52rem; margin: 0 auto; }
.card { padding: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.card > h2 { margin-bottom: 0.625rem; }
.note { padding: 0.625rem 1rem; border-left: 4px solid var(--edge); background: var(--card); border-radius: 4px; }
.error { padding: 0.5rem 0.75rem; border-left: 4px solid var(--danger); background: var(--mark); border-radius: 4px; }

.form { gap: 0.75rem; }
.error + .form { margin-top: 0.75rem; }
.form + .form, .form + .list, .list + .form { margin-top: 1rem; }
.form > button { justify-self: start; }
label { display: block; font-weight: 600; font-size: 0.9375rem; }
.hint { display: block; color: var(--quiet); font-size: 0.875rem; }
input, textarea {
  display: block; width: 100%; margin-top: 0.25rem; padding: 0.5rem 0.625rem; font: inherit;
  color: inherit; background: var(--page); border: 1px solid var(--edge); border-radius: 6px;
}
textarea { resize: vertical; min-height: 2.75rem; }
[aria-invalid="true"] { border: 2px solid var(--danger); }
button {
  font: inherit; font-weight: 600; min-height: 2.5rem; padding: 0.375rem 1rem; border-radius: 6px; cursor: pointer;
  color: var(--on-fill); background: var(--fill); border: 1px solid var(--fill);
}
button:hover { filter: brightness(1.08); }
button.plain { color: var(--link); background: transparent; border-color: var(--edge); }
button.danger { color: var(--danger); background: transparent; border-color: var(--danger); }
button.small { min-height: 1.75rem; padding: 0.125rem 0.625rem; font-size: 0.875rem; }
details > summary {
  width: fit-content; cursor: pointer; color: var(--link); font-size: 0.875rem; min-height: 1.5rem; list-style: none;
}
summary::-webkit-details-marker { display: none; }
summary:hover { text-decoration: underline; }
details[open] > summary { margin-bottom: 0.5rem; }

.list > li { padding: 0.625rem 0; border-top: 1px solid var(--line); }
.list > li:first-child { border-top: 0; padding-top: 0; }
.list > li:last-child { padding-bottom: 0; }
.entry { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0.125rem 0.75rem; align-items: baseline; }
.entry a { font-weight: 600; overflow: hidden; }
.entry .snippet { grid-column: 1 / -1; }
.snippet { color: var(--quiet); }
.when { color: var(--quiet); font-size: 0.875rem; white-space: nowrap; }
.count {
  display: inline-block; min-width: 1.5rem; padding: 0 0.4rem; border-radius: 0.75rem; text-align: center;
  font-size: 0.8125rem; font-weight: 700; line-height: 1.5rem; color: var(--on-fill); background: var(--fill);
}

.list + p { margin-top: 0.75rem; }
.rooms { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr)); gap: 0.875rem 1.25rem; }
.messages, .messages ol { gap: 0.25rem; }
#end { margin-top: 0.75rem; }
.messages h3 { margin: 0.75rem 0 0.25rem; padding-bottom: 0.25rem; border-bottom: 1px solid var(--line); }
.messages section:first-child h3 { margin-top: 0; }
.message { padding: 0.375rem 0.625rem; border-radius: 8px; contain: content; scroll-margin-top: 30vh; }
.message.own { background: var(--own); }
.message:target { outline: 2px solid var(--edge); outline-offset: -2px; }
.about { display: flex; flex-wrap: wrap; gap: 0 0.625rem; align-items: baseline; }
.about .name { font-weight: 700; }
.about a { color: var(--quiet); font-size: 0.875rem; text-decoration: none; }
.about a:hover { text-decoration: underline; }
.about details { margin-left: auto; text-align: right; }
.about summary { margin-left: auto; }
.about details > summary { color: var(--quiet); }
.text { white-space: pre-wrap; overflow: hidden; tab-size: 4; unicode-bidi: plaintext; }
.gone { color: var(--quiet); font-style: italic; }
.pages { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; }
/* A link there shows what was said last above it. */
#write, #end { scroll-margin-top: 65vh; }
@media (forced-colors: active) { .card, .message, .error, .note { border: 1px solid; } }
@media print { .top form, .write, .pages, details { display: none; } }
`.trimStart();

/** The sign of the pages: two lines of speech, one under the other, as a log has them. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" \
fill="#17539a"/><path d="M7 9h18v3.5H7zm0 5.75h18v3.5H7zm0 5.75h11V24H7z" fill="#fff"/></svg>
`;
