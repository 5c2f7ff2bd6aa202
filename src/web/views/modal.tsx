/**
 * The web client's views: what lies over everything else. The browser's own dialog keeps the keyboard within, closes on
 * Escape, and gives the keyboard back.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Icon } from "./icons.tsx";

/** A dialog that is open as long as it is there. */
export function Modal(props: {
  readonly title: string;
  readonly close: () => void;
  readonly isBare?: boolean;
  readonly children: ComponentChildren;
}) {
  const { title, close, isBare = false, children } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    if (element === null) return;
    if (!element.open) element.showModal();
    // Only what is shown can have the keyboard.
    element.querySelector<HTMLElement>("[data-focus]")?.focus();
    element.addEventListener("close", close);
    return () => {
      // It tells of its end later, when another may be open already.
      element.removeEventListener("close", close);
      element.close();
    };
  }, [close]);
  return (
    <dialog
      ref={dialog}
      class={isBare ? "modal bare" : "modal"}
      aria-labelledby={id}
      onPointerDown={(event) => {
        if (event.target === event.currentTarget) close();
      }}
    >
      <div class="modal-body">
        <header class="modal-head">
          <h2 id={id} class={isBare ? "unseen" : ""}>
            {title}
          </h2>
          <button type="button" class="plain round" aria-label="Close" onClick={close}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
