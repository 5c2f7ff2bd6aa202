/**
 * The web client's views: its icons, drawn in the colour of the text around them. Each stands beside words or within a
 * labelled button, so none is read aloud.
 */

const PATHS = {
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  gear: "M12 15.2a3.2 3.2 0 100-6.4 3.2 3.2 0 000 6.4zM19.4 13.5l1.6 1.2-1.9 3.3-1.9-.8a7.6 7.6 0 01-2.1 1.2l-.3 2.1h-3.8l-.3-2.1a7.6 7.6 0 01-2.1-1.2l-1.9.8L4.8 14.7l1.6-1.2a7.6 7.6 0 010-2.5L4.8 9.8l1.9-3.3 1.9.8a7.6 7.6 0 012.1-1.2l.3-2.1h3.8l.3 2.1a7.6 7.6 0 012.1 1.2l1.9-.8 1.9 3.3-1.6 1.2a7.6 7.6 0 010 2.5z",
  hash: "M9.5 4l-2 16M16.5 4l-2 16M4.5 9h16M3.5 15h16",
  leave: "M14 4H6v16h8M10 12h11M17 8l4 4-4 4",
  people:
    "M9 11a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM2.5 20c.4-3.6 3-5.5 6.5-5.5s6.1 1.9 6.5 5.5M16 4.3a3.5 3.5 0 010 6.4M18 14.8c2 .7 3.2 2.4 3.5 5.2",
  plus: "M12 5v14M5 12h14",
  search: "M10.5 17a6.5 6.5 0 100-13 6.5 6.5 0 000 13zM15.5 15.5L21 21",
  chat: "M4 5h16v11H10l-5 4v-4H4z",
  key: "M14.5 13.5a4.5 4.5 0 10-4.2-2.9L4 17v3h3.5v-2.5H10V15l1.6-1.6c.9.1 1.9.1 2.9.1zM15.5 8.5v0",
} as const;

/** The name of an icon. */
export type IconName = keyof typeof PATHS;

/** An icon. */
export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The sign of Verbatim: two lines of speech and a shorter one, as a log has them. */
export function Mark({ size = 28 }: { readonly size?: number }) {
  return (
    <svg class="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" />
      <path d="M7 9h18v3.5H7zm0 5.75h18v3.5H7zm0 5.75h11V24H7z" />
    </svg>
  );
}
