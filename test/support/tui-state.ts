/** Test support: the terminal client's state, as it comes to be by what happens; and its screen as text. */
import { render } from "ink-testing-library";
import { createElement } from "react";
import type { Message, RoomRecord } from "../../src/sdk/types.ts";
import type { Action } from "../../src/tui/actions.ts";
import { keyStep } from "../../src/tui/bindings.ts";
import { plainBrush } from "../../src/tui/brush.ts";
import type { Effect } from "../../src/tui/effects.ts";
import { ItemRows } from "../../src/tui/item-rows.ts";
import { type KeyEvent, KeyReader } from "../../src/tui/keys.ts";
import { reduce } from "../../src/tui/reduce.ts";
import { currentView, initialState, type RoomView, type Size, type TuiState } from "../../src/tui/state.ts";
import { themeFor } from "../../src/tui/theme.ts";
import { App } from "../../src/tui/views/app.tsx";

export const ROOM = "general";

/** Noon of a day, in the zone of whoever runs the test. */
export const NOON = new Date(2026, 10, 23, 12, 0).getTime();

/** A message of a room. */
export function message(seq: number, text: string, user = "alice", room = ROOM): Message {
  const time = NOON + seq * 1000;
  return { type: "message", room, seq, id: `id-${seq}`, user, text, time, key: undefined, isRemoved: false };
}

/** A reader of the terminal client, without a terminal and without a server. */
export class Reader {
  readonly itemRows = new ItemRows();
  readonly effects: Effect[] = [];
  state: TuiState;

  constructor(size: Size = { columns: 80, rows: 24 }) {
    this.state = initialState("localhost:8080", "", size, NOON);
  }

  /** One who is connected, with these rooms, and looks at the first. */
  static inRoom(size?: Size): Reader {
    const reader = new Reader(size);
    const rooms = [
      { room: ROOM, description: "All and sundry" },
      { room: "rust", description: "The language" },
    ];
    reader.happens({ type: "connectionChanged", connection: { type: "online", since: NOON } });
    reader.happens({ type: "signedIn", user: "me", rooms });
    reader.follow(ROOM, true);
    return reader;
  }

  /** Opens a room, and has all told what was said in it. */
  follow(room: string, isLookedAt: boolean): void {
    this.happens({ type: "opened", room, isLookedAt });
    this.happens({ type: "roomStateChanged", room, state: { type: "live" } });
  }

  happens(...actions: readonly Action[]): void {
    for (const action of actions) this.state = reduce(this.state, action, this.itemRows);
  }

  told(...records: readonly RoomRecord[]): void {
    this.happens({ type: "told", room: records[0]?.room ?? ROOM, records });
  }

  /** Presses what a terminal would send. */
  types(bytes: string): void {
    const reader = new KeyReader();
    this.presses(...reader.push(bytes), ...reader.flush());
  }

  presses(...events: readonly KeyEvent[]): void {
    for (const event of events) {
      const { actions, effects } = keyStep(this.state, event);
      this.happens(...actions);
      this.effects.push(...effects);
    }
  }

  /** Takes the effects so far. */
  takeEffects(): Effect[] {
    return this.effects.splice(0);
  }

  get view(): RoomView {
    const view = currentView(this.state);
    if (view === undefined) throw new Error("no room is open");
    return view;
  }

  /** The screen as text. */
  screen(): string {
    return withoutStyles(this.drawn(false));
  }

  /** The screen with its styles, as a terminal would be given it. */
  drawn(hasColor: boolean): string {
    const brush = plainBrush(themeFor(hasColor));
    const { lastFrame, unmount } = render(createElement(App, { state: this.state, itemRows: this.itemRows, brush }));
    const frame = lastFrame() ?? "";
    unmount();
    return frame;
  }
}

/** A text without what a terminal obeys. */
function withoutStyles(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the styles are what goes.
  return text.replace(/\u001b\[[0-9;]*m/g, "");
}
