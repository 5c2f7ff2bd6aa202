/**
 * The web client's views: one's own settings, password and tokens.
 */
import { chooseTheme } from "../actions/theme.ts";
import type { Theme } from "../store.ts";
import { useApp } from "./context.ts";
import { Field, Form, textIn, useDoing } from "./field.tsx";
import { Modal } from "./modal.tsx";
import { Tokens } from "./tokens.tsx";

const THEMES: readonly (readonly [Theme, string])[] = [
  ["system", "As the system"],
  ["light", "Light"],
  ["dark", "Dark"],
];

/** The dialog. */
export function Settings({ close }: { readonly close: () => void }) {
  const { store } = useApp();
  const { auth } = store.facts;
  return (
    <Modal title="Settings" close={close}>
      <p>
        You are <b dir="auto">{store.me.value?.name}</b>
        {store.me.value?.isAdmin === true && <span class="dim"> (admin)</span>}.
      </p>
      <ThemeChoice />
      <Notifications />
      {auth === "password" && <Password />}
      {auth !== "jwt" && <Tokens />}
    </Modal>
  );
}

function ThemeChoice() {
  const { store } = useApp();
  return (
    <fieldset class="choice">
      <legend>Appearance</legend>
      <div class="segments">
        {THEMES.map(([theme, words]) => (
          <label key={theme}>
            <input
              type="radio"
              name="theme"
              value={theme}
              checked={store.theme.value === theme}
              onChange={() => chooseTheme(store, theme)}
            />
            <span>{words}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function Notifications() {
  const app = useApp();
  const state = app.store.notifications.value;
  return (
    <section aria-labelledby="notifications-title">
      <h3 id="notifications-title">Notifications</h3>
      {state === "unsupported" && <p class="dim">This browser shows none.</p>}
      {state === "blocked" && (
        <p class="dim">This browser was told to show none of this page. Its own settings can change that.</p>
      )}
      {state === "off" && (
        <>
          <p class="dim">
            To be told, while this page is hidden, of what is said in your chats, and of who calls you by @name in
            public.
          </p>
          <button type="button" class="plain edged" onClick={() => void app.notifier.turnOn()}>
            Turn on notifications
          </button>
        </>
      )}
      {state === "on" && (
        <>
          <p class="dim">
            While this page is hidden you are told of what is said in your chats, and of who calls you by @name in
            public.
          </p>
          <button type="button" class="plain edged" onClick={() => app.notifier.turnOff()}>
            Turn off notifications
          </button>
        </>
      )}
    </section>
  );
}

function Password() {
  const app = useApp();
  const doing = useDoing();
  const change = async (fields: FormData, form: HTMLFormElement): Promise<void> => {
    await app.changePassword(textIn(fields, "current"), textIn(fields, "password"));
    form.reset();
    app.say("Your password is changed. Everything else that was signed in with the old one has ended.");
  };
  return (
    <section aria-labelledby="password-title">
      <h3 id="password-title">Password</h3>
      <Form doing={doing} button="Change password" buttonClass="plain edged" submit={change}>
        <input type="hidden" name="username" autocomplete="username" value={app.store.me.value?.name} />
        <div class="pair">
          <Field label="Current password" name="current" type="password" autocomplete="current-password" />
          <Field label="New password" name="password" type="password" autocomplete="new-password" />
        </div>
      </Form>
    </section>
  );
}
