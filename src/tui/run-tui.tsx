/**
 * The terminal client: puts its parts together, and ends them. `verbatim tui` calls it; it needs a terminal on both
 * sides.
 */
import type { ReadStream, WriteStream } from "node:tty";
import { type Instance, render } from "ink";
import type { Action } from "./actions.ts";
import { keyStep, loadStep } from "./bindings.ts";
import { SignBrush } from "./brush.ts";
import { ChatSession, type SessionKeeper } from "./chat-session.ts";
import { firstSeq, lastSeq } from "./conversation.ts";
import type { Effect } from "./effects.ts";
import { ItemRows } from "./item-rows.ts";
import type { KeyEvent } from "./keys.ts";
import { windowOf } from "./reduce.ts";
import { Screen } from "./screen.ts";
import { seen } from "./scroll.ts";
import { currentView, initialState } from "./state.ts";
import { Store } from "./store.ts";
import { Terminal } from "./terminal.ts";
import { themeFor } from "./theme.ts";
import { App, cursorOf } from "./views/app.tsx";

/** What it is started with. */
export interface TuiOptions {
  readonly server: string;
  readonly token: string;
  readonly isTls: boolean;
  /** Whether to connect without being asked to. */
  readonly connectNow: boolean;
  readonly startRoom: string | undefined;
  readonly hasColor: boolean;
  readonly keeper: SessionKeeper | undefined;
  readonly input: ReadStream;
  readonly output: WriteStream;
  /** Hears how long each frame took to make and write, in milliseconds. */
  readonly onFrame: ((ms: number) => void) | undefined;
}

/** How it ended. */
export interface TuiEnd {
  readonly exitCode: number;
  /** What was written and never sent. */
  readonly unsent: readonly { readonly room: string; readonly text: string }[];
}

const SECOND_MS = 1000;

/** A second that took so long was none, in milliseconds. */
const SLEPT_MS = 5 * SECOND_MS;

/** Runs until one quits; rejects, with the terminal given back, where something of ours goes wrong. */
export function runTui(options: TuiOptions): Promise<TuiEnd> {
  return new Promise((resolve, reject) => new Tui(options, resolve, reject).open());
}

/** One run. */
class Tui {
  readonly #options: TuiOptions;
  readonly #resolve: (end: TuiEnd) => void;
  readonly #reject: (error: unknown) => void;
  readonly #itemRows = new ItemRows();
  readonly #terminal: Terminal;
  readonly #brush: SignBrush;
  readonly #screen: Screen;
  readonly #store: Store;
  readonly #session: ChatSession;
  #ink: Instance | undefined;
  #clock: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(options: TuiOptions, resolve: (end: TuiEnd) => void, reject: (error: unknown) => void) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#terminal = new Terminal(options.input, options.output, {
      keys: (events) => this.#guard(() => this.#keys(events)),
      resized: (size) => {
        this.#screen.resize(size);
        this.#store.dispatch({ type: "resized", size });
      },
      ended: (exitCode) => this.#end(exitCode),
      resumed: () => this.#repaint(),
    });
    const { size } = this.#terminal;
    this.#brush = new SignBrush(themeFor(options.hasColor));
    this.#screen = new Screen(size, this.#brush, (text) => this.#terminal.write(text));
    const state = initialState(options.server, options.token, size, Date.now());
    this.#store = new Store(state, this.#itemRows, () => this.#guard(() => this.#draw()));
    this.#session = new ChatSession({
      ...{ isTls: options.isTls, keeper: options.keeper, startRoom: options.startRoom },
      dispatch: this.#store.dispatch,
    });
  }

  open(): void {
    process.on("uncaughtException", this.#crashed);
    process.on("unhandledRejection", this.#crashed);
    this.#terminal.open();
    this.#clock = setInterval(() => this.#tick(), SECOND_MS);
    this.#guard(() => this.#draw());
    const { connectNow, server, token } = this.#options;
    if (connectNow) this.#session.run({ type: "connect", server, token });
  }

  #tick(): void {
    const now = Date.now();
    // The machine was asleep, or this was stopped: whether there still is a connection is not known before it is asked.
    if (now - this.#store.state.now > SLEPT_MS) this.#session.run({ type: "retryNow" });
    this.#store.dispatch({ type: "ticked", now });
  }

  #keys(events: readonly KeyEvent[]): void {
    for (const event of events) {
      const { actions, effects } = keyStep(this.#store.state, event);
      for (const action of actions) this.#store.dispatch(action);
      for (const effect of effects) this.#run(effect);
    }
    this.#load();
  }

  #run(effect: Effect): void {
    if (effect.type === "quit") this.#end(0);
    else if (effect.type === "repaint") this.#repaint();
    else if (effect.type === "suspend") this.#terminal.suspend();
    else this.#session.run(effect);
  }

  /** Has the server asked for what one is about to scroll to. */
  #load(): void {
    const { state } = this.#store;
    const view = currentView(state);
    if (view === undefined || view.loading !== undefined) return;
    const { isNearTop, isNearEnd } = seen(view, windowOf(state, this.#itemRows));
    const seqs = [firstSeq(view.items) ?? 0, lastSeq(view.items) ?? 0] as const;
    const effect = loadStep(view, isNearTop, isNearEnd, seqs);
    if (effect !== undefined) this.#session.run(effect);
  }

  #repaint(): void {
    this.#screen.forget();
    const action: Action = { type: "ticked", now: Date.now() };
    this.#store.dispatch(action);
  }

  #draw(): void {
    if (this.#isOver) return;
    const begin = performance.now();
    this.#load();
    const { state } = this.#store;
    this.#screen.place(cursorOf(state));
    const app = <App state={state} itemRows={this.#itemRows} brush={this.#brush} />;
    if (this.#ink === undefined) this.#ink = this.#start(app);
    else this.#ink.rerender(app);
    this.#options.onFrame?.(performance.now() - begin);
  }

  #start(app: Parameters<typeof render>[0]): Instance {
    // `debug` has ink hand over each frame whole and at once: the store has made sure that there are not too many, and
    // the screen puts them where they belong. Keys are read here, for ink's reader does not know pastes.
    const stdout = this.#screen as unknown as NodeJS.WriteStream;
    const ink = render(app, { stdout, debug: true, exitOnCtrlC: false, patchConsole: false });
    // A view that throws.
    ink.waitUntilExit().catch(this.#crashed);
    return ink;
  }

  /** A mistake of ours must not leave somebody with a terminal that shows nothing of what they type. */
  readonly #crashed = (error: unknown): void => {
    if (this.#isOver) return;
    this.#close();
    this.#reject(error);
  };

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#crashed(error);
    }
  }

  #end(exitCode: number): void {
    if (this.#isOver) return;
    this.#close();
    this.#resolve({ exitCode, unsent: this.#session.unsent });
  }

  #close(): void {
    this.#isOver = true;
    clearInterval(this.#clock);
    this.#store.close();
    this.#screen.close();
    this.#terminal.close();
    this.#session.close();
    this.#ink?.unmount();
    process.off("uncaughtException", this.#crashed);
    process.off("unhandledRejection", this.#crashed);
  }
}
