/**
 * The web client's views: a line to type into, with its label, and forms that say what went wrong with them.
 */
import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { errorWords } from "../model/words.ts";

/** What a field needs. */
export interface FieldProps {
  readonly label: string;
  readonly name: string;
  readonly type?: "text" | "password";
  readonly hint?: string;
  readonly autocomplete?: string;
  readonly isRequired?: boolean;
  readonly maxLength?: number;
  readonly value?: string;
  readonly focus?: boolean;
}

/** A labelled field. */
export function Field(props: FieldProps) {
  const id = useId();
  const { label, hint, type = "text", isRequired = true, autocomplete = "off" } = props;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        name={props.name}
        {...(type === "password" ? { type } : { type })}
        dir="auto"
        required={isRequired}
        autocomplete={autocomplete}
        autocapitalize="none"
        spellcheck={false}
        maxLength={props.maxLength}
        defaultValue={props.value}
        data-focus={props.focus === true ? "" : undefined}
        ref={props.focus === true ? focusFirst : null}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
      />
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** Puts the keyboard where one begins, once, when it appears. */
function focusFirst(element: HTMLInputElement | null): void {
  if (element?.dataset["focus"] === undefined) return;
  delete element.dataset["focus"];
  element.focus();
}

/** Something that is being done, and how it went wrong. */
export interface Doing {
  readonly isBusy: boolean;
  readonly error: string;
  /** Does it; one thing at a time. */
  run(step: () => Promise<void>): void;
  clear(): void;
}

/** Keeps how a form is doing. */
export function useDoing(): Doing {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const run = (step: () => Promise<void>): void => {
    if (isBusy) return;
    setBusy(true);
    setError("");
    step().then(
      () => setBusy(false),
      (reason: unknown) => {
        setBusy(false);
        setError(errorWords(reason));
      },
    );
  };
  return { isBusy, error, run, clear: () => setError("") };
}

/** What a form looks like: its fields, what went wrong, and its button. */
export function Form(props: {
  readonly doing: Doing;
  readonly button: string;
  readonly buttonClass?: string;
  readonly submit: (fields: FormData, form: HTMLFormElement) => Promise<void>;
  readonly children: ComponentChildren;
}) {
  const { doing, submit } = props;
  const onSubmit = (event: SubmitEvent & { readonly currentTarget: HTMLFormElement }): void => {
    event.preventDefault();
    const form = event.currentTarget;
    doing.run(() => submit(new FormData(form), form));
  };
  return (
    <form class="form" onSubmit={onSubmit}>
      {props.children}
      <ErrorNote text={doing.error} />
      <button type="submit" class={props.buttonClass ?? "primary"} aria-disabled={doing.isBusy}>
        {props.button}
      </button>
    </form>
  );
}

/** What went wrong, read aloud when it appears. */
export function ErrorNote({ text }: { readonly text: string }) {
  return <div role="alert">{text !== "" && <p class="error">{text}</p>}</div>;
}

/** A field of a form, as text. */
export function textIn(fields: FormData, name: string): string {
  const value = fields.get(name);
  return typeof value === "string" ? value : "";
}
