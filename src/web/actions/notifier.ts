/**
 * The web client's actions: notifications of the browser, where somebody has asked for them: the browser is never asked
 * on its own account.
 */
import type { Message } from "../../sdk/types.ts";
import type { Entry } from "../model/entry.ts";
import { snippet } from "../model/words.ts";
import type { Store } from "../store.ts";
import type { Excerpts } from "./excerpts.ts";
import { readSetting, writeSetting } from "./settings.ts";

const SETTING = "notifications";

/** Shows them while the page is hidden. */
export class Notifier {
  readonly #store: Store;
  readonly #excerpts: Excerpts;
  readonly #open: (place: string) => void;

  /** `open` = what a click on one does. */
  constructor(store: Store, excerpts: Excerpts, open: (place: string) => void) {
    this.#store = store;
    this.#excerpts = excerpts;
    this.#open = open;
    this.#look();
  }

  /** Somebody wants them: asks the browser. */
  async turnOn(): Promise<void> {
    if (!("Notification" in window)) return;
    writeSetting(SETTING, "on");
    await Notification.requestPermission();
    this.#look();
  }

  /** Somebody wants them no longer. */
  turnOff(): void {
    writeSetting(SETTING, "off");
    this.#look();
  }

  /** Tells of a message, one notification for each room. */
  tell(entry: Entry, message: Message): void {
    if (this.#store.notifications.value !== "on" || !document.hidden) return;
    const title = entry.kind === "direct" ? message.user : `${message.user} in ${entry.title}`;
    try {
      // Nothing isolates text there: what turns it around stays out of both.
      const shown = new Notification(snippet(title), {
        body: this.#excerpts.of(message.text),
        tag: `verbatim-${entry.room}`,
      });
      shown.onclick = () => {
        window.focus();
        this.#open(entry.place);
        shown.close();
      };
    } catch {
      // Browsers of telephones have the name and let no page use it.
      this.#store.notifications.value = "unsupported";
    }
  }

  #look(): void {
    const state = stateNow();
    this.#store.notifications.value = state;
    // What takes the marks out of messages is there before the first of them comes.
    if (state === "on") this.#excerpts.of("**");
  }
}

function stateNow(): Store["notifications"]["value"] {
  if (!("Notification" in window)) return "unsupported";
  if (Notification.permission === "denied") return "blocked";
  return Notification.permission === "granted" && readSetting(SETTING) === "on" ? "on" : "off";
}
