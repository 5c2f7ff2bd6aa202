/**
 * The web client's views: the list of chats and public rooms, and oneself.
 */
import type { ComponentChildren, RefObject } from "preact";
import { useRef } from "preact/hooks";
import type { App } from "../app.ts";
import { type Entry, matching } from "../model/entry.ts";
import { keyNames } from "../model/keys.ts";
import type { Dialog } from "../store.ts";
import { Avatar } from "./avatar.tsx";
import { useApp } from "./context.ts";
import { EntryList } from "./entry-list.tsx";
import { EntryRow } from "./entry-row.tsx";
import { Icon, type IconName, Mark } from "./icons.tsx";

/** The side of the page. */
export function Sidebar() {
  const app = useApp();
  const { store } = app;
  const scroller = useRef<HTMLDivElement>(null);
  const hold = (): void => store.hold();
  const letGo = (): void => store.letGo();
  return (
    <nav class="sidebar" aria-label="Chats and rooms">
      <header class="side-head">
        <a
          class="brand"
          href="/dashboard"
          onClick={(event) => {
            event.preventDefault();
            app.go({ type: "home" });
          }}
        >
          <Mark />
          Verbatim
        </a>
        <RoundButton
          look="plain"
          label={`Go to… (${keyNames("Ctrl+K", navigator.platform)})`}
          icon="search"
          act={() => openDialog(app, "switcher")}
        />
        <RoundButton look="primary" label="New chat" icon="plus" act={() => openDialog(app, "new-chat")} />
      </header>
      <div
        class="side-list"
        ref={scroller}
        // What one points at, or is at by keyboard, stays where it is.
        onPointerEnter={({ pointerType }) => pointerType === "mouse" && hold()}
        onPointerLeave={letGo}
        onFocusIn={({ target }) => target instanceof Element && target.matches("a:focus-visible") && hold()}
        onFocusOut={letGo}
      >
        <Lists scroller={scroller} />
      </div>
      <Oneself />
    </nav>
  );
}

function openDialog({ store }: App, dialog: Dialog): void {
  store.dialog.value = dialog;
}

/** A button that is an icon; its label is read aloud, and shown beside the pointer. */
function RoundButton(props: {
  readonly look: "plain" | "primary";
  readonly label: string;
  readonly icon: IconName;
  readonly act: () => void;
}) {
  return (
    <button
      type="button"
      class={`${props.look} round`}
      aria-label={props.label}
      title={props.label}
      onClick={props.act}
    >
      <Icon name={props.icon} />
    </button>
  );
}

function Lists({ scroller }: { readonly scroller: RefObject<HTMLElement | null> }) {
  const app = useApp();
  const { store, excerpts } = app;
  const { list, sorted, filter, me, now } = store;
  if (list.value.type === "failed") return <Failed text={list.value.text} />;
  if (list.value.type === "loading" && sorted.value.length === 0) return <p class="dim side-note">Loading…</p>;
  const found = matching(store.listed.value, filter.value);
  const chats = found.filter(({ kind }) => kind !== "public");
  const rooms = found.filter(({ kind }) => kind === "public");
  const open = store.open.value?.room;
  const row = (entry: Entry) => (
    <EntryRow
      entry={entry}
      excerpt={entry.last === undefined ? "" : excerpts.of(entry.last.text)}
      isOpen={open === entry.room}
      me={me.value?.name ?? ""}
      day={now.value}
      open={app.openPlace}
    />
  );
  const isFiltered = filter.value.trim() !== "";
  return (
    <>
      {sorted.value.length > 12 && <Filter />}
      <Section title="Chats">
        {chats.length === 0 && (
          <p class="dim side-note">{isFiltered ? "None is called so." : "None yet. Begin one with + above."}</p>
        )}
        <EntryList entries={chats} open={open} row={row} scroller={scroller} />
      </Section>
      {rooms.length > 0 && (
        <Section title="Public rooms">
          <EntryList entries={rooms} open={open} row={row} scroller={scroller} />
        </Section>
      )}
    </>
  );
}

function Section(props: { readonly title: string; readonly children: ComponentChildren }) {
  const id = `side-${props.title.toLowerCase().replaceAll(" ", "-")}`;
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{props.title}</h2>
      {props.children}
    </section>
  );
}

function Filter() {
  const { store } = useApp();
  return (
    <input
      class="filter"
      type="search"
      aria-label="Filter chats and rooms"
      placeholder="Filter"
      value={store.filter.value}
      onInput={(event) => {
        store.filter.value = event.currentTarget.value;
      }}
    />
  );
}

function Failed({ text }: { readonly text: string }) {
  const app = useApp();
  return (
    <div class="side-note" role="alert">
      <p>{text}</p>
      <button type="button" class="plain" onClick={() => void app.refresh()}>
        Try again
      </button>
    </div>
  );
}

function Oneself() {
  const app = useApp();
  const name = app.store.me.value?.name ?? "";
  const isOnline = app.store.connection.value.type === "online";
  return (
    <footer class="oneself">
      <Avatar name={name} isOnline={isOnline} />
      <span class="oneself-name">
        <bdi>{name}</bdi>
        <span class="dim">{isOnline ? "online" : "offline"}</span>
      </span>
      <RoundButton look="plain" label="Settings" icon="gear" act={() => openDialog(app, "settings")} />
      <RoundButton look="plain" label="Sign out" icon="leave" act={() => app.attempt(() => app.signOut())} />
    </footer>
  );
}
