/**
 * The web client, conversation: the pane of one room, put together. The shell mounts it and owns the client; the room
 * stays open when the pane goes.
 */
import { computed, effect, signal, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { ChatClient, HttpApi } from "../../sdk/index.ts";
import { browserStorage, browserTime } from "./browser-page.ts";
import { Composer } from "./composer.tsx";
import { ConversationStore } from "./conversation-store.ts";
import "./conversation.css";
import { Drafts } from "./drafts.ts";
import { MessageList } from "./message-list.tsx";
import { Reading } from "./reading.ts";
import { RichTexts } from "./rich-text.ts";
import { RoomHeader } from "./room-header.tsx";
import type { RowActions } from "./row-view.tsx";
import { Announcer, closedBecause, StatusLine } from "./status-line.tsx";

/** What the pane is given. */
export interface ConversationProps {
  readonly client: ChatClient;
  readonly api: HttpApi;
  /** What commands call it: a public room's name, a chat's id. */
  readonly room: string;
  /** One's own name. */
  readonly me: string;
  readonly title: string;
  readonly description: string;
  /** Whether one may take away what others say here. */
  readonly moderates: boolean;
  /** Asks the server anew, where it had refused the room. */
  readonly enterAgain: () => void;
}

/** The conversation of one room; another room is another pane, so that nothing of the one is left in the other. */
export function Conversation(props: ConversationProps) {
  return <Pane key={`${props.me} ${props.room}`} {...props} />;
}

function Pane({ client, api, room, me, title, description, moderates, enterAgain }: ConversationProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const pane = useRef<HTMLElement>(null);
  const isModerator = useSignal(moderates);
  const { store, draft, setDraft, actions, reading } = useMemo(() => {
    const time = browserTime();
    const store = new ConversationStore({ client, room: client.open(room), me, time });
    const drafts = new Drafts(browserStorage(), me);
    const draft = signal(drafts.load(room));
    const setDraft = (text: string): void => {
      draft.value = text;
      drafts.save(room, text);
    };
    const actions: RowActions = {
      rich: new RichTexts(async () => (await import("./markdown.ts")).makeRenderer()),
      retry: (key) => store.retry(key),
      discard: (key) => store.discard(key),
      edit: (key, text) => {
        store.discard(key);
        setDraft(draft.peek() === "" ? text : `${draft.peek()}\n${text}`);
        field.current?.focus();
      },
      isOnline: computed(() => store.connection.value.type === "online"),
      moderates: isModerator,
      remove: (id) => api.removeMessage(room, id),
    };
    return { store, draft, setDraft, actions, reading: new Reading(api, room, time) };
  }, [client, api, room, me, isModerator]);

  useLayoutEffect(() => {
    isModerator.value = moderates;
  }, [isModerator, moderates]);
  // Before the room can tell anything: what nobody listens to is not told again.
  useLayoutEffect(() => {
    store.start();
    return () => store.stop();
  }, [store]);
  useEffect(() => {
    void reading.unreadAfter().then((after) => store.markUnread(after));
    const look = (): void => {
      const { rows } = store.list.value;
      const isRead = store.isFollowing.value && rows.length > 0 && document.visibilityState === "visible";
      if (isRead) reading.saw(store.lastShown);
    };
    const stopLooking = effect(look);
    document.addEventListener("visibilitychange", look);
    return () => {
      document.removeEventListener("visibilitychange", look);
      stopLooking();
      reading.stop();
    };
  }, [store, reading]);

  const page = (screens: number): void => {
    const scroller = pane.current?.querySelector(".vc-scroller");
    scroller?.scrollBy({ top: screens * scroller.clientHeight });
  };
  return (
    <section class="vc" ref={pane} aria-label={`Conversation: ${title}`}>
      <RoomHeader store={store} title={title} description={description} />
      <MessageList store={store} actions={actions} leave={() => field.current?.focus()} />
      <StatusLine store={store} tryAgain={enterAgain} />
      <Announcer store={store} />
      <Composer
        title={title}
        draft={draft}
        field={field}
        closed={closedBecause(store.roomState.value)}
        send={(text) => {
          if (store.send(text)) setDraft("");
        }}
        typed={(text) => {
          setDraft(text);
          if (text !== "") store.typing();
        }}
        page={page}
      />
    </section>
  );
}
