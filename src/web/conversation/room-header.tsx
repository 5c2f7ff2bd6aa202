/**
 * The web client, conversation: what the room is called, what it is for, and who is here.
 */
import type { ConversationStore } from "./conversation-store.ts";
import { count } from "./display.ts";

/** Names that are listed; beyond that only how many more. */
const NAMES_MAX = 200;

/** The head of the conversation. */
export function RoomHeader(props: {
  readonly store: ConversationStore;
  readonly title: string;
  readonly description: string;
}) {
  return (
    <header class="vc-head">
      <div class="vc-titles">
        <h1 class="vc-title" dir="auto">
          {props.title}
        </h1>
        {props.description !== "" && (
          <p class="vc-description" dir="auto">
            {props.description}
          </p>
        )}
      </div>
      <Here store={props.store} />
    </header>
  );
}

function Here({ store }: { readonly store: ConversationStore }) {
  const { users, count: present } = store.presence.value;
  const { type } = store.roomState.value;
  if (type === "gone" || type === "refused") return null;
  const more = present - Math.min(users.length, NAMES_MAX);
  const isKnown = type === "live" && store.connection.value.type === "online";
  return (
    <details class={isKnown ? "vc-here" : "vc-here vc-stale"}>
      <summary>
        <span class="vc-dot" aria-hidden="true" />
        {count(present)} here
      </summary>
      <ul class="vc-people" aria-label="Who is here">
        {users.slice(0, NAMES_MAX).map((user) => (
          <li key={user}>
            <bdi>{user}</bdi>
          </li>
        ))}
        {more > 0 && <li>and {count(more)} more</li>}
      </ul>
    </details>
  );
}
