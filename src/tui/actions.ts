/** The terminal client: everything that can happen to the state, as data. */
import type {
  ConnectionState,
  HistoryPage,
  Outgoing,
  Presence,
  RoomListing,
  RoomRecord,
  RoomState,
} from "../sdk/types.ts";
import type { InputLine } from "./input-line.ts";
import type { ConnectForm, Size, TuiState, WaitingPaste } from "./state.ts";

/** What happened. `now` is in milliseconds since the epoch. */
export type Action =
  | { readonly type: "resized"; readonly size: Size }
  | { readonly type: "ticked"; readonly now: number }
  | { readonly type: "hinted"; readonly text: string }
  // The page where one says which server.
  | { readonly type: "formChanged"; readonly change: Partial<ConnectForm> }
  | { readonly type: "connecting"; readonly server: string }
  | { readonly type: "connectFailed"; readonly problem: string }
  // What the server tells.
  | { readonly type: "connectionChanged"; readonly connection: ConnectionState }
  /** Somebody else is there now, or it is another server: nothing is left of before but what was begun in these rooms. */
  | { readonly type: "startedAnew"; readonly rooms: readonly string[] }
  | { readonly type: "signedIn"; readonly user: string; readonly rooms: readonly RoomListing[] }
  | { readonly type: "roundTripTaken"; readonly ms: number | undefined }
  | { readonly type: "roomAdded"; readonly listing: RoomListing }
  | { readonly type: "roomRemoved"; readonly room: string }
  | { readonly type: "told"; readonly room: string; readonly records: readonly RoomRecord[] }
  | { readonly type: "roomStateChanged"; readonly room: string; readonly state: RoomState }
  | { readonly type: "presenceChanged"; readonly room: string; readonly presence: Presence }
  | {
      readonly type: "participated";
      readonly room: string;
      readonly user: string;
      readonly status: "joined" | "left";
    }
  | { readonly type: "outgoingChanged"; readonly room: string; readonly outgoing: readonly Outgoing[] }
  | { readonly type: "typingHeard"; readonly room: string; readonly user: string }
  | { readonly type: "wasReset"; readonly room: string; readonly oldest: number }
  // History.
  | { readonly type: "historyAsked"; readonly room: string; readonly direction: "older" | "newer" }
  | {
      readonly type: "historyCame";
      readonly room: string;
      readonly direction: "older" | "newer";
      readonly page: HistoryPage;
    }
  | { readonly type: "historyFailed"; readonly room: string; readonly problem: string }
  // What one does.
  | { readonly type: "opened"; readonly room: string; readonly isLookedAt: boolean }
  | { readonly type: "left"; readonly room: string }
  | { readonly type: "scrolled"; readonly rows: number }
  | { readonly type: "jumped"; readonly to: "newest" | "oldest" }
  | { readonly type: "inputChanged"; readonly input: InputLine }
  | { readonly type: "inputSent"; readonly text: string }
  | { readonly type: "recalled"; readonly step: -1 | 1 }
  | { readonly type: "focused"; readonly focus: TuiState["focus"] }
  | { readonly type: "selected"; readonly index: number }
  | { readonly type: "overlayChanged"; readonly overlay: TuiState["overlay"] }
  | { readonly type: "pasteWaits"; readonly paste: WaitingPaste | undefined };

/** The name of something that happened. */
export type ActionType = Action["type"];

/** What happened, by its name. */
export type ActionOf<Type extends ActionType> = Extract<Action, { readonly type: Type }>;
