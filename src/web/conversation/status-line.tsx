/**
 * The web client, conversation: how it stands with the room and the connection, who came, went and is writing, and what
 * a screen reader is told.
 */
import type { ConnectionState, RoomState } from "../../sdk/types.ts";
import type { ConversationStore } from "./conversation-store.ts";

/** What is out of the ordinary, in words; empty where nothing is. */
function trouble(room: RoomState, connection: ConnectionState): string {
  switch (room.type) {
    case "gone":
      return "You are not in here any more. What you see is what you had.";
    case "refused":
      return `The server does not let you in: ${room.text}`;
    case "joining":
      if (connection.type === "ended") return "Not connected. What you write is kept.";
      return connection.type === "online"
        ? "Opening…"
        : "Reconnecting… What you send meanwhile waits here and goes out by itself.";
    case "catching-up":
      return "Catching up…";
    case "live":
      return connection.type === "online"
        ? ""
        : "Reconnecting… What you send meanwhile waits here and goes out by itself.";
  }
}

/** Why nothing can be said here; `undefined` where something can. */
export function closedBecause(room: RoomState): string | undefined {
  if (room.type === "gone") return "You are not in here any more";
  return room.type === "refused" ? "You can't write here" : undefined;
}

/** Stands between list and field. */
export function StatusLine({ store }: { readonly store: ConversationStore }) {
  const text = trouble(store.roomState.value, store.connection.value);
  return (
    <div class="vc-status">
      <p class="vc-trouble" role="status">
        {text}
      </p>
      <p class="vc-writing">{store.writing.value}</p>
      <p class="vc-comings">{store.comings.value}</p>
    </div>
  );
}

/** Read aloud, never seen: what others have just said. */
export function Announcer({ store }: { readonly store: ConversationStore }) {
  return (
    <div class="vc-unseen" aria-live="polite" aria-atomic="true">
      {store.announced.value}
    </div>
  );
}
