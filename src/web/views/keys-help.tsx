/**
 * The web client's views: what the keyboard can do.
 */
import { keyNames } from "../model/keys.ts";
import { Modal } from "./modal.tsx";

const KEYS = [
  ["Ctrl+K", "Go to a chat, room or person"],
  ["Alt+↑ / Alt+↓", "The chat above or below"],
  ["Enter", "Send"],
  ["Shift+Enter", "A new line"],
  ["Esc", "Close what is open; on a telephone, back to the list"],
  ["Ctrl+/", "This list"],
] as const;

/** The dialog. */
export function KeysHelp({ close }: { readonly close: () => void }) {
  return (
    <Modal title="Keys" close={close}>
      <dl class="keys">
        {KEYS.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              <kbd>{keyNames(keys, navigator.platform)}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
