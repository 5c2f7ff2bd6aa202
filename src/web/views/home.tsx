/**
 * The web client's views: what stands beside the list while no chat is open.
 */
import { keyNames } from "../model/keys.ts";
import type { Dialog } from "../store.ts";
import { useApp } from "./context.ts";
import { Icon, Mark } from "./icons.tsx";

/** A welcome, and where to begin. */
export function Home() {
  const app = useApp();
  const { store } = app;
  const show = (dialog: Dialog) => () => {
    store.dialog.value = dialog;
  };
  return (
    <main id="main" class="empty" tabIndex={-1}>
      <Mark size={56} />
      <h1>
        Hello, <bdi>{store.me.value?.name}</bdi>
      </h1>
      <p class="dim">Choose a chat or a public room at the side, or begin something new.</p>
      <div class="buttons">
        <button type="button" class="primary" onClick={show("new-chat")}>
          <Icon name="chat" />
          New chat
        </button>
        <button type="button" class="plain edged" onClick={show("switcher")}>
          <Icon name="search" />
          Find a room or person
        </button>
      </div>
      {store.notifications.value === "off" && (
        <p>
          <button type="button" class="link" onClick={() => void app.notifier.turnOn()}>
            Turn on notifications
          </button>
        </p>
      )}
      <p class="dim hint-keys">
        <kbd>{keyNames("Ctrl+K", navigator.platform)}</kbd> goes anywhere,{" "}
        <kbd>{keyNames("Ctrl+/", navigator.platform)}</kbd> shows all keys.
      </p>
    </main>
  );
}
