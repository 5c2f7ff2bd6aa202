/**
 * The web client's views: the frame of somebody who is signed in: the list at the side, what is open beside it, and what
 * lies over both. In a narrow window there is either the one or the other.
 */

import type { ComponentType } from "preact";
import { useCallback, useEffect } from "preact/hooks";
import type { App } from "../app.ts";
import type { Dialog } from "../store.ts";
import { Banners, Toast } from "./banner.tsx";
import { useApp } from "./context.ts";
import { Home } from "./home.tsx";
import { KeysHelp } from "./keys-help.tsx";
import { NewChat } from "./new-chat.tsx";
import { RoomPane } from "./room-pane.tsx";
import { Settings } from "./settings.tsx";
import { Sidebar } from "./sidebar.tsx";
import { Switcher } from "./switcher.tsx";

const DIALOGS: Readonly<Record<Dialog, ComponentType<{ readonly close: () => void }>>> = {
  "new-chat": NewChat,
  switcher: Switcher,
  settings: Settings,
  keys: KeysHelp,
};

/** The frame. */
export function Shell() {
  const app = useApp();
  const { store } = app;
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => press(app, event);
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [app]);
  const isRoom = store.route.value.type === "room";
  const Over = store.dialog.value === undefined ? undefined : DIALOGS[store.dialog.value];
  const close = useCallback((): void => {
    store.dialog.value = undefined;
  }, [store]);
  return (
    <div class={isRoom ? "shell at-room" : "shell at-list"}>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Banners />
      <Sidebar />
      {isRoom ? <RoomPane /> : <Home />}
      {Over !== undefined && <Over close={close} />}
      <Toast />
    </div>
  );
}

/** What keys do wherever the keyboard is. */
function press(app: App, event: KeyboardEvent): void {
  const { store } = app;
  const { key, altKey, shiftKey } = event;
  const isCommand = (event.ctrlKey || event.metaKey) && !altKey && !shiftKey;
  if (isCommand && key.toLowerCase() === "k") {
    event.preventDefault();
    store.dialog.value = store.dialog.value === "switcher" ? undefined : "switcher";
  } else if (isCommand && key === "/") {
    event.preventDefault();
    store.dialog.value = "keys";
  } else if (store.dialog.value !== undefined) {
    // What is open keeps its keys.
  } else if (altKey && !event.ctrlKey && (key === "ArrowUp" || key === "ArrowDown")) {
    event.preventDefault();
    app.step(key === "ArrowUp" ? -1 : 1, store.listed.value);
  } else if (key === "Escape" && !event.defaultPrevented && !event.isComposing) {
    if (store.showsMembers.value) app.members.toggle();
    else if (store.route.value.type === "room" && window.matchMedia("(max-width: 700px)").matches) {
      app.go({ type: "home" });
    }
  }
}
