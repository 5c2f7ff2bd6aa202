/**
 * The terminal client: holds the state, takes actions, and has the screen drawn: once for however many came since the
 * frame before, and so many times a second at most. Touches timers, nothing else.
 */
import type { Action } from "./actions.ts";
import type { ItemRows } from "./item-rows.ts";
import { reduce } from "./reduce.ts";
import type { TuiState } from "./state.ts";

/** The shortest time between two frames, in milliseconds: 30 a second. More is seen by nobody. */
const FRAME_MS = 33;

/** The state, and whom to call when it has changed. */
export class Store {
  #state: TuiState;
  readonly #itemRows: ItemRows;
  readonly #draw: () => void;
  /** Records of one room that were told one after the other: they become one action. */
  #told:
    | { readonly room: string; readonly records: Extract<Action, { type: "told" }>["records"][number][] }
    | undefined;
  #timer: NodeJS.Timeout | undefined;
  #drawnAt = 0;
  #isOpen = true;

  constructor(state: TuiState, itemRows: ItemRows, draw: () => void) {
    this.#state = state;
    this.#itemRows = itemRows;
    this.#draw = draw;
  }

  /** What is so now. */
  get state(): TuiState {
    this.#settle();
    return this.#state;
  }

  /** Something happened. */
  readonly dispatch = (action: Action): void => {
    if (action.type === "told" && this.#told?.room === action.room) {
      this.#told.records.push(...action.records);
    } else {
      this.#settle();
      if (action.type === "told") this.#told = { room: action.room, records: [...action.records] };
      else this.#state = reduce(this.#state, action, this.#itemRows);
    }
    this.#drawSoon();
  };

  /** Nothing is drawn any more. */
  close(): void {
    this.#isOpen = false;
    clearTimeout(this.#timer);
  }

  #settle(): void {
    const told = this.#told;
    if (told === undefined) return;
    this.#told = undefined;
    this.#state = reduce(this.#state, { type: "told", ...told }, this.#itemRows);
  }

  #drawSoon(): void {
    if (this.#timer !== undefined || !this.#isOpen) return;
    // A key after a pause is seen at once; what comes in numbers is seen together.
    const wait = Math.max(0, this.#drawnAt + FRAME_MS - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#drawnAt = performance.now();
      this.#draw();
    }, wait);
  }
}
