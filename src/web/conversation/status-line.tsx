/**
 * The web client, conversation: how it stands with the room and the connection, who came, went and is writing, and what
 * a screen reader is told.
 */
import type { ConnectionState, RoomState } from "../../sdk/types.ts";
import { refusalWords, sentence, withLocalTimes } from "../model/words.ts";
import type { ConversationStore } from "./conversation-store.ts";

/** What is out of the ordinary here, in words; empty where nothing is. That there is no connection, the frame says. */
function standing(room: RoomState, connection: ConnectionState): string {
  switch (room.type) {
    case "gone":
      return "You are not in here any more. What you see is what you had.";
    case "refused":
      // The server's own words have the time at which a ban ends.
      return room.code === "banned" ? sentence(withLocalTimes(room.text)) : refusalWords(room.code, room.text);
    case "joining":
      return connection.type === "online" ? "Opening…" : "";
    case "catching-up":
      return "Catching up…";
    case "live":
      return "";
  }
}

/** Why nothing can be said here; `undefined` where something can. */
export function closedBecause(room: RoomState): string | undefined {
  if (room.type === "gone") return "You are not in here any more";
  return room.type === "refused" ? "You can’t write here" : undefined;
}

/** Stands between list and field. `tryAgain` asks the server anew to be let in. */
export function StatusLine({ store, tryAgain }: { readonly store: ConversationStore; readonly tryAgain: () => void }) {
  const { value: room } = store.roomState;
  const isShut = room.type === "gone" || room.type === "refused";
  return (
    <div class="vc-status">
      <p class={isShut ? "vc-standing vc-shut" : "vc-standing"} role="status">
        {standing(room, store.connection.value)}
      </p>
      {room.type === "refused" && (
        <button type="button" class="vc-link" onClick={tryAgain}>
          Try again
        </button>
      )}
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
