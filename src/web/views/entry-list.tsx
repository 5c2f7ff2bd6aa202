/**
 * The web client's views: a list of chats or rooms. Of a long one only the rows near what is seen are there.
 */
import type { ComponentChild, RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import type { Entry } from "../model/entry.ts";

/** A list of so many stands there as a whole. */
const WHOLE_MAX = 60;

/** How high a row is, more or less, in pixels: it is measured once it stands there. */
const ROW_PX = 60;

interface EntryListProps {
  readonly entries: readonly Entry[];
  /** What commands call the one that is open. */
  readonly open: string | undefined;
  readonly row: (entry: Entry) => ComponentChild;
  /** What it scrolls in, together with other things. */
  readonly scroller: RefObject<HTMLElement | null>;
}

/** The list. What is opened by other ways than a click comes into sight. */
export function EntryList(props: EntryListProps) {
  return props.entries.length > WHOLE_MAX ? <Long {...props} /> : <Whole {...props} />;
}

function Whole({ entries, open, row }: EntryListProps) {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    if (open !== undefined) list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }, [open]);
  return (
    <ul ref={list}>
      {entries.map((entry) => (
        <li key={entry.room}>{row(entry)}</li>
      ))}
    </ul>
  );
}

function Long({ entries, open, row, scroller }: EntryListProps) {
  const place = useRef<HTMLDivElement>(null);
  const handle = useRef<VirtualizerHandle>(null);
  const [above, setAbove] = useState(0);
  useEffect(() => {
    // Told when the page has been laid out: to ask for it sooner would lay it out once more, in the middle of a drawing.
    const watch = new ResizeObserver(() => {
      if (place.current === null || scroller.current === null) return;
      const { top } = scroller.current.getBoundingClientRect();
      setAbove(place.current.getBoundingClientRect().top - top + scroller.current.scrollTop);
    });
    for (const element of [place.current, scroller.current]) if (element !== null) watch.observe(element);
    return () => watch.disconnect();
  }, [scroller]);
  const at = entries.findIndex(({ room }) => room === open);
  const isListed = at >= 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: where it moves to by itself nobody needs to be taken
  useEffect(() => {
    if (isListed) handle.current?.scrollToIndex(at, { align: "nearest" });
  }, [open, isListed]);
  return (
    <div ref={place}>
      <Virtualizer
        ref={handle}
        as="ul"
        item="li"
        data={entries}
        itemSize={ROW_PX}
        startMargin={above}
        scrollRef={scroller}
      >
        {(entry) => (
          <div key={entry.room} class="row-place">
            {row(entry)}
          </div>
        )}
      </Virtualizer>
    </div>
  );
}
