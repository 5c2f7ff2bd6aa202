/**
 * The web client, conversation: the list on the screen. It shows the rows near what is looked at, stays where its
 * reader is while rows come and go at both ends, and stays at the newest where they are there.
 */
import { useLayoutEffect, useMemo, useReducer, useRef } from "preact/hooks";
import { Virtualizer } from "virtua";
import type { ConversationStore } from "./conversation-store.ts";
import { nextStep } from "./list-step.ts";
import { type RowActions, RowView } from "./row-view.tsx";
import type { Row } from "./rows.ts";

/** Within so many pixels of the end one counts as being there. */
const NEAR_END_PX = 48;

/** Pages are fetched when fewer than so many screens are left. */
const AHEAD_SCREENS = 2.5;

/** The list of one room. `leave` puts the focus back to where one writes. */
export function MessageList(props: {
  readonly store: ConversationStore;
  readonly actions: RowActions;
  readonly leave: () => void;
}) {
  const { store, actions, leave } = props;
  const view = store.list.value;
  const scroller = useRef<HTMLDivElement>(null);
  const shown = useRef<readonly Row[]>([]);
  const mounted = useRef(0);
  const lastTop = useRef(0);
  const [, takeNextStep] = useReducer((steps: number) => steps + 1, 0);

  const step = nextStep(shown.current, view.rows);
  if (step.remount) mounted.current += 1;

  const moves = useMemo(() => {
    const stick = (): void => {
      const element = scroller.current;
      if (element !== null && store.isFollowing.peek()) element.scrollTop = element.scrollHeight;
    };
    const fetchAhead = (): void => {
      const element = scroller.current;
      if (element === null || shown.current.length === 0) return;
      const ahead = element.clientHeight * AHEAD_SCREENS;
      if (element.scrollTop < ahead) store.fetchOlder();
      if (element.scrollHeight - element.clientHeight - element.scrollTop < ahead) store.fetchNewer();
    };
    const scrolled = (): void => {
      const element = scroller.current;
      if (element === null) return;
      const { scrollTop } = element;
      const below = element.scrollHeight - element.clientHeight - scrollTop;
      // Only who moves up goes away from the newest: the list may grow under a reader who does nothing.
      if (below <= NEAR_END_PX) store.follow(store.list.peek().isAtEnd);
      else if (scrollTop < lastTop.current) store.follow(false);
      lastTop.current = scrollTop;
      fetchAhead();
    };
    const resized = (): void => {
      stick();
      fetchAhead();
    };
    return { stick, fetchAhead, scrolled, resized };
  }, [store]);

  useLayoutEffect(() => {
    shown.current = step.rows;
    // The virtualiser has just moved to where its reader was, and believes to be where it was before until the browser
    // says so, a frame later. Heights that it measures until then it would add to the old place: at the very top that
    // throws its reader out of the page that they were reading. So it is told now.
    if (step.shift) scroller.current?.dispatchEvent(new Event("scroll"));
    if (!step.isDone) takeNextStep(undefined);
    moves.stick();
    moves.fetchAhead();
  });

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "End" && event.target === scroller.current) {
      event.preventDefault();
      store.jumpToNewest();
    } else if (event.key === "Escape") leave();
  };

  return (
    <div class="vc-list">
      <div
        class="vc-scroller"
        ref={scroller}
        role="log"
        aria-label="Messages"
        // Rows come and go as one scrolls: what is new is told apart, see Announcer.
        aria-live="off"
        aria-busy={view.older === "loading" || view.newer === "loading"}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached by keyboard
        tabIndex={0}
        onScroll={moves.scrolled}
        onWheel={(event) => {
          if (event.deltaY < 0 && (scroller.current?.scrollTop ?? 0) > 0) store.follow(false);
        }}
        onKeyDown={onKeyDown}
      >
        <div class="vc-fill" />
        <Virtualizer
          key={mounted.current}
          data={step.rows}
          shift={step.shift}
          scrollRef={scroller}
          onResize={moves.resized}
        >
          {(row) => <RowView key={row.key} row={row} actions={actions} />}
        </Virtualizer>
      </div>
      <Edges store={store} />
    </div>
  );
}

/** What is being fetched at either end, and the way back to the newest. They lie over the list and move nothing. */
function Edges({ store }: { readonly store: ConversationStore }) {
  const { older, newer, rows } = store.list.value;
  const below = store.newBelow.value;
  const isFollowing = store.isFollowing.value;
  const again = (): void => store.fetchAgain();
  return (
    <>
      {older === "loading" && rows.length > 0 && <p class="vc-edge vc-top">Fetching older messages…</p>}
      {older === "failed" && <Failed what="Older messages could not be fetched." again={again} place="vc-top" />}
      {newer === "failed" && <Failed what="Newer messages could not be fetched." again={again} place="vc-bottom" />}
      {!isFollowing && (
        <button type="button" class="vc-jump" onClick={() => store.jumpToNewest()}>
          <span aria-hidden="true">↓ </span>
          {below === 0 ? "Newest" : `${below} new`}
          <span class="vc-unseen">: jump to the newest message</span>
        </button>
      )}
    </>
  );
}

function Failed(props: { readonly what: string; readonly place: string; readonly again: () => void }) {
  return (
    <p class={`vc-edge ${props.place}`} role="alert">
      {props.what}{" "}
      <button type="button" class="vc-link" onClick={props.again}>
        Try again
      </button>
    </p>
  );
}
