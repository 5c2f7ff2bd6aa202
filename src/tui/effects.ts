/** The terminal client: what is to be done beside the state, as data. `chat-session.ts` and `run-tui.tsx` do it. */

/** Something to do. */
export type Effect =
  | { readonly type: "connect"; readonly server: string; readonly token: string }
  /** Try no more to connect for the first time. */
  | { readonly type: "giveUp" }
  /** Connect again now, rather than when it is due. */
  | { readonly type: "retryNow" }
  | { readonly type: "open"; readonly room: string }
  | { readonly type: "leave"; readonly room: string }
  | { readonly type: "send"; readonly room: string; readonly texts: readonly string[] }
  | { readonly type: "retryFailed"; readonly room: string }
  | { readonly type: "discardFailed"; readonly room: string }
  | { readonly type: "typing"; readonly room: string }
  | { readonly type: "history"; readonly room: string; readonly direction: "older" | "newer"; readonly seq: number }
  | { readonly type: "repaint" }
  | { readonly type: "suspend" }
  | { readonly type: "quit" };
