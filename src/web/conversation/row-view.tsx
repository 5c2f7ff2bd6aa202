/**
 * The web client, conversation: one row of the list.
 */
import type { ReadonlySignal } from "@preact/signals";
import { memo } from "preact/compat";
import { useState } from "preact/hooks";
import { unsentWords } from "../model/words.ts";
import { clockTime, dayName, happening, wholeTime } from "./display.ts";
import { MessageText } from "./message-text.tsx";
import type { RichTexts } from "./rich-text.ts";
import type { ChangeRow, MessageRow, OutgoingRow, Row } from "./rows.ts";

/** What can be done with a row. */
export interface RowActions {
  readonly rich: RichTexts;
  retry(key: string): void;
  discard(key: string): void;
  /** Takes a refused message back into the field where it was written. */
  edit(key: string, text: string): void;
  /** Whether what is being sent is on its way, and not waiting for the connection. */
  readonly isOnline: ReadonlySignal<boolean>;
  /** Whether one may take away what others said. */
  readonly moderates: ReadonlySignal<boolean>;
  /** Takes the text of a message away, for everybody; rejects, with a text for people, where it may not. */
  remove(id: string): Promise<void>;
}

/** A row, and above it what it begins. */
export const RowView = memo(({ row, actions }: { readonly row: Row; readonly actions: RowActions }) => (
  <div class="vc-row">
    {row.newDay !== undefined && <DayLine midnight={row.newDay} />}
    {row.isFirstUnread && (
      <div class="vc-unread">
        <span>New</span>
      </div>
    )}
    <Content row={row} actions={actions} />
  </div>
));

function Content({ row, actions }: { readonly row: Row; readonly actions: RowActions }) {
  switch (row.type) {
    case "message":
      return <MessageView row={row} actions={actions} />;
    case "change":
      return <ChangeView row={row} />;
    case "outgoing":
      return <OutgoingView row={row} actions={actions} />;
    case "start":
      return (
        <p class="vc-note">
          {row.isTrimmed ? "What came before this is not kept any more." : "This is where it begins."}
        </p>
      );
  }
}

function DayLine({ midnight }: { readonly midnight: number }) {
  return (
    <div class="vc-day">
      <span>{dayName(midnight, Date.now())}</span>
    </div>
  );
}

function MessageView({ row, actions }: { readonly row: MessageRow; readonly actions: RowActions }) {
  const { message, isOwn, startsGroup } = row;
  const [isAsked, setAsked] = useState(false);
  return (
    <article class={`vc-message${isOwn ? " vc-own" : ""}${startsGroup ? " vc-first" : ""}`}>
      <header class={startsGroup ? "vc-by" : "vc-by vc-unseen"}>
        <bdi class="vc-name">{isOwn ? "You" : message.user}</bdi>
      </header>
      <div class="vc-bubble">
        {message.isRemoved ? (
          <p class="vc-removed">This message was removed.</p>
        ) : (
          <MessageText text={message.text} rich={actions.rich} />
        )}
        <time class="vc-time" dateTime={new Date(message.time).toISOString()} title={wholeTime(message.time)}>
          {clockTime(message.time)}
        </time>
        {(isOwn || actions.moderates.value) && !message.isRemoved && !isAsked && (
          <button
            type="button"
            class="vc-remove"
            aria-label="Remove"
            title="Remove it for everybody"
            onClick={() => setAsked(true)}
          >
            <span aria-hidden="true">✕</span>
          </button>
        )}
      </div>
      {isAsked && !message.isRemoved && <Removal id={message.id} actions={actions} keep={() => setAsked(false)} />}
    </article>
  );
}

/** Takes a message away, once more asked, so that no slip of the finger does. */
function Removal(props: { readonly id: string; readonly actions: RowActions; readonly keep: () => void }) {
  const [isGoing, setGoing] = useState(false);
  const [failure, setFailure] = useState("");
  const remove = (): void => {
    setGoing(true);
    props.actions.remove(props.id).catch((error: unknown) => {
      setFailure(error instanceof Error ? error.message : "It could not be removed.");
      setGoing(false);
    });
  };
  return (
    <div class="vc-actions" role={failure === "" ? undefined : "alert"}>
      <span>{failure === "" ? "Remove it for everybody?" : failure}</span>
      <button type="button" class="vc-link vc-danger" disabled={isGoing} onClick={remove}>
        Yes, remove
      </button>
      <button type="button" class="vc-link" disabled={isGoing} onClick={props.keep}>
        Keep
      </button>
    </div>
  );
}

function OutgoingView({ row, actions }: { readonly row: OutgoingRow; readonly actions: RowActions }) {
  const { key, text, state } = row.outgoing;
  const hasFailed = state.type === "failed";
  return (
    <article
      class={`vc-message vc-own${row.startsGroup ? " vc-first" : ""}${hasFailed ? " vc-failed" : " vc-sending"}`}
    >
      <header class={row.startsGroup ? "vc-by" : "vc-by vc-unseen"}>
        <bdi class="vc-name">You</bdi>
      </header>
      <div class="vc-bubble">
        <MessageText text={text} rich={actions.rich} />
        <span class="vc-time">
          {hasFailed ? "Not sent" : actions.isOnline.value ? "Sending…" : "Waiting to be sent"}
        </span>
      </div>
      {state.type === "failed" && (
        <div class="vc-actions" role="alert">
          <span>
            <bdi>{unsentWords(state.code, state.text)}</bdi>
          </span>
          <button type="button" class="vc-link" onClick={() => actions.retry(key)}>
            Try again
          </button>
          <button type="button" class="vc-link" onClick={() => actions.edit(key, text)}>
            Edit
          </button>
          <button type="button" class="vc-link vc-danger" onClick={() => actions.discard(key)}>
            Discard
          </button>
        </div>
      )}
    </article>
  );
}

function ChangeView({ row }: { readonly row: ChangeRow }) {
  const { who, did, what, after } = happening(row.change);
  return (
    <p class="vc-note">
      <bdi>{who}</bdi> {did} {what !== "" && <bdi>{what}</bdi>} {after} {"·\u00a0"}
      <time dateTime={new Date(row.change.time).toISOString()} title={wholeTime(row.change.time)}>
        {clockTime(row.change.time)}
      </time>
    </p>
  );
}
