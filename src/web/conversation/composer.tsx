/**
 * The web client, conversation: where one writes. Enter sends, Shift+Enter makes a line. What was typed is kept with
 * each key, until it is handed over.
 */
import type { Signal } from "@preact/signals";
import type { RefObject } from "preact";
import { useMemo } from "preact/hooks";
import { DEFAULT_LIMITS } from "../../protocol/limits.ts";
import { count } from "./display.ts";

/** Bytes that a message may have; the server may be set to another limit, and then says so itself. */
const BYTES_MAX = DEFAULT_LIMITS.messageBytesMax;

/** From this part of the limit on it is told how much is left. */
const TELL_FROM = 0.75;

/** Lines that the field grows to. */
const ROWS_MAX = 10;

interface ComposerProps {
  readonly title: string;
  /** What stands in the field. */
  readonly draft: Signal<string>;
  readonly field: RefObject<HTMLTextAreaElement | null>;
  /** Why nothing can be said here; `undefined`: something can. */
  readonly closed: string | undefined;
  readonly send: (text: string) => void;
  readonly typed: (text: string) => void;
  /** Moves the list by so many screens. */
  readonly page: (screens: number) => void;
}

/** The field and its button. */
export function Composer(props: ComposerProps) {
  const { draft, field, closed, title } = props;
  const text = draft.value;
  const encoder = useMemo(() => new TextEncoder(), []);
  const bytes = text.length * 3 < BYTES_MAX * TELL_FROM ? text.length : encoder.encode(text).length;
  const isTooLong = bytes > BYTES_MAX;
  const canSend = text.trim() !== "" && !isTooLong && closed === undefined;

  const send = (): void => {
    if (!canSend) return;
    props.send(text);
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && !event.shiftKey && !isComposing(event)) {
      event.preventDefault();
      send();
    } else if ((event.key === "PageUp" || event.key === "PageDown") && !scrolls(field.current)) {
      event.preventDefault();
      props.page(event.key === "PageUp" ? -0.9 : 0.9);
    }
  };
  return (
    <form
      class="vc-composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={field}
        class="vc-field"
        dir="auto"
        rows={Math.min(ROWS_MAX, text.split("\n", ROWS_MAX).length)}
        value={text}
        placeholder={closed ?? `Message ${title}`}
        disabled={closed !== undefined && text === ""}
        readOnly={closed !== undefined}
        aria-label={`Message ${title}`}
        aria-invalid={isTooLong}
        aria-describedby="vc-length"
        enterkeyhint="send"
        autocomplete="off"
        onInput={(event) => props.typed(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <button type="submit" class="vc-send" disabled={!canSend}>
        Send
      </button>
      <p id="vc-length" class={`vc-length${isTooLong ? " vc-over" : ""}`} role={isTooLong ? "alert" : undefined}>
        {bytes > BYTES_MAX * TELL_FROM && `${count(bytes)} of ${count(BYTES_MAX)} bytes`}
        {isTooLong && `: ${count(bytes - BYTES_MAX)} too many. Send it in parts.`}
      </p>
    </form>
  );
}

/** While somebody chooses a character from several, Enter is theirs; Safari says so by a code of old. */
const isComposing = (event: KeyboardEvent): boolean => event.isComposing || event.keyCode === 229;

const scrolls = (field: HTMLTextAreaElement | null): boolean =>
  field !== null && field.scrollHeight > field.clientHeight + 1;
