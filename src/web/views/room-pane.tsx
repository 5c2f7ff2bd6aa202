/**
 * The web client's views: the open chat or room: the conversation, and what the frame adds to it.
 */
import { useEffect, useRef } from "preact/hooks";
import type { ChatClient } from "../../sdk/index.ts";
import { Conversation } from "../conversation/conversation.tsx";
import type { Entry } from "../model/entry.ts";
import type { Me } from "../store.ts";
import { useApp } from "./context.ts";
import { Icon } from "./icons.tsx";
import { MembersPane } from "./members-pane.tsx";

/** The pane of the room that the address names. */
export function RoomPane() {
  const app = useApp();
  const { store } = app;
  const { value: entry } = store.open;
  const { value: client } = app.client;
  const { value: me } = store.me;
  if (entry === undefined) return <Missing />;
  if (client === undefined || me === undefined) return null;
  const hasMembers = entry.kind !== "public";
  const key = `${entry.room} ${store.entrances.value}`;
  return <Pane key={key} entry={entry} client={client} me={me.name} hasMembers={hasMembers} />;
}

/** Whether somebody may take away what others say: the owner of a chat, and admins everywhere but in a chat of two. */
function moderates({ kind, owner }: Entry, me: Me | undefined): boolean {
  if (me === undefined || kind === "direct") return false;
  return me.isAdmin || (kind === "chat" && owner === me.id);
}

function Pane(props: {
  readonly entry: Entry;
  readonly client: ChatClient;
  readonly me: string;
  readonly hasMembers: boolean;
}) {
  const app = useApp();
  const { store } = app;
  const { entry, client, me, hasMembers } = props;
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    // Where one writes, but where that would bring up a keyboard on the screen.
    if (window.matchMedia("(pointer: fine)").matches) main.current?.querySelector("textarea")?.focus();
  }, []);
  // Who is not in it any more may neither see nor change who is.
  const mayManage = hasMembers && entry.lost === undefined;
  const showsMembers = store.showsMembers.value && mayManage;
  return (
    <div class={showsMembers ? "room-pane with-members" : "room-pane"}>
      <main ref={main} id="main" class={mayManage ? "room-main has-members" : "room-main"} tabIndex={-1}>
        <button
          type="button"
          class="plain round back"
          aria-label="Back to the list"
          onClick={() => app.go({ type: "home" })}
        >
          <Icon name="back" />
        </button>
        <Conversation
          client={client}
          api={app.api}
          room={entry.room}
          me={me}
          title={entry.title}
          description={entry.description}
          moderates={moderates(entry, app.store.me.value)}
          enterAgain={app.enterAgain}
        />
        {mayManage && (
          <button
            type="button"
            class="plain round members-toggle"
            aria-label="Members"
            title="Members"
            aria-expanded={store.showsMembers.value}
            onClick={() => app.members.toggle()}
          >
            <Icon name="people" />
          </button>
        )}
      </main>
      {showsMembers && <MembersPane entry={entry} />}
    </div>
  );
}

/** The address names nothing that one may see, or it is not known yet. */
function Missing() {
  const app = useApp();
  const isThere = app.store.list.value.type === "ready";
  return (
    <main id="main" class="empty" tabIndex={-1}>
      <h1 class={isThere ? "" : "unseen"}>{isThere ? "Nothing to see here" : "Loading"}</h1>
      {isThere && (
        <>
          <p class="dim">There is no such chat, or you are not in it.</p>
          <button type="button" class="primary" onClick={() => app.go({ type: "home" })}>
            To your chats
          </button>
        </>
      )}
    </main>
  );
}
