/**
 * The web client's views: a line to type into with a list of what fits below it, which the arrows walk through.
 */
import type { ComponentChild } from "preact";
import { useEffect, useId, useState } from "preact/hooks";

/** One thing that can be chosen. */
export interface Option<T> {
  readonly key: string;
  readonly value: T;
  readonly shown: ComponentChild;
}

/** What a combobox needs. */
export interface ComboboxProps<T> {
  readonly label: string;
  readonly isLabelHidden?: boolean;
  readonly placeholder?: string;
  readonly typed: string;
  readonly options: readonly Option<T>[];
  /** What stands below where nothing fits. */
  readonly nothing: string;
  /** Where the keyboard begins in the dialog that it stands in. */
  readonly focus?: boolean;
  readonly type: (text: string) => void;
  readonly choose: (value: T) => void;
  /** Backspace in an empty line. */
  readonly eraseLast?: () => void;
}

/** The line and its list. Enter takes what is marked; the first fit is, as soon as something was typed. */
export function Combobox<T>(props: ComboboxProps<T>) {
  const { options, typed, label } = props;
  const id = useId();
  const [marked, setMarked] = useState(0);
  const at = Math.min(marked, options.length - 1);
  const current = options[at];
  useEffect(() => {
    document.getElementById(optionId(id, at))?.scrollIntoView({ block: "nearest" });
  }, [id, at]);
  const choose = (value: T): void => {
    setMarked(0);
    props.choose(value);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (options.length > 0) setMarked((at + step + options.length) % options.length);
    } else if (event.key === "Enter" && !event.isComposing) {
      // The line may stand in a form, which is not to be sent by what chooses here.
      if (current !== undefined || typed !== "") event.preventDefault();
      if (current !== undefined) choose(current.value);
    } else if (event.key === "Backspace" && typed === "") props.eraseLast?.();
  };
  return (
    <div class="combobox">
      <label for={id} class={props.isLabelHidden === true ? "unseen" : ""}>
        {label}
      </label>
      <input
        id={id}
        type="text"
        role="combobox"
        dir="auto"
        aria-expanded={options.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={current === undefined ? undefined : optionId(id, at)}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        placeholder={props.placeholder}
        value={typed}
        data-focus={props.focus === true ? "" : undefined}
        onInput={(event) => {
          setMarked(0);
          props.type(event.currentTarget.value);
        }}
        onKeyDown={onKeyDown}
      />
      <div id={`${id}-list`} role="listbox" aria-label={label} class="options">
        {options.map((option, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard stays in the line, whose keys choose
          <div
            key={option.key}
            id={optionId(id, index)}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => choose(option.value)}
          >
            {option.shown}
          </div>
        ))}
      </div>
      <p class="dim nothing" role="status">
        {options.length === 0 ? props.nothing : ""}
      </p>
    </div>
  );
}

const optionId = (id: string, index: number): string => `${id}-${index}`;
