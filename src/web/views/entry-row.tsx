/**
 * The web client's views: one chat or room in the list.
 */
import type { Entry } from "../model/entry.ts";
import { badge, shortTime } from "../model/words.ts";
import { Avatar } from "./avatar.tsx";
import { Icon } from "./icons.tsx";
import { still } from "./still.tsx";

/** What stands in a row of the list. It is a link, so that it can be opened in another tab. */
export const EntryRow = still(
  (props: {
    readonly entry: Entry;
    /** The beginning of what was said last. */
    readonly excerpt: string;
    readonly isOpen: boolean;
    readonly me: string;
    readonly day: number;
    readonly open: (place: string) => void;
  }) => {
    const { entry, excerpt, isOpen, me, day, open } = props;
    const { title, kind, unread, last, place } = entry;
    const classes = ["row", isOpen && "is-open", unread > 0 && "is-unread"].filter((each) => each !== false);
    return (
      <a
        class={classes.join(" ")}
        href={`/ui/chats/${encodeURIComponent(place)}`}
        aria-current={isOpen ? "page" : undefined}
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
          event.preventDefault();
          open(place);
        }}
      >
        {kind === "public" ? (
          <span class="avatar room" aria-hidden="true">
            <Icon name="hash" size={18} />
          </span>
        ) : (
          <Avatar name={title} />
        )}
        <span class="row-text">
          <span class="row-top">
            <bdi class="row-title">{title}</bdi>
            {last !== undefined && <span class="row-time">{shortTime(last.time, day)}</span>}
          </span>
          <span class="row-bottom">
            <span class="row-snippet">{lastLine(entry, excerpt, me)}</span>
            {unread > 0 && (
              <span class="badge">
                {badge(unread)}
                <span class="unseen"> unread</span>
              </span>
            )}
          </span>
        </span>
      </a>
    );
  },
);

function lastLine({ last, kind, description }: Entry, excerpt: string, me: string) {
  if (last === undefined) return kind === "public" ? <bdi>{description}</bdi> : <i>Nothing was said yet</i>;
  const text = last.isRemoved ? <i>message removed</i> : <bdi>{excerpt}</bdi>;
  if (kind === "direct" && last.user !== me) return text;
  return (
    <>
      <bdi>{last.user === me ? "You" : last.user}</bdi>: {text}
    </>
  );
}
