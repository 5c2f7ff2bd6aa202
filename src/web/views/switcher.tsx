/**
 * The web client's views: goes to any chat, room or person by a part of its name.
 */
import { useState } from "preact/hooks";
import { matching } from "../model/entry.ts";
import { badge } from "../model/words.ts";
import { Avatar } from "./avatar.tsx";
import { Combobox, type Option } from "./combobox.tsx";
import { useApp } from "./context.ts";
import { Icon } from "./icons.tsx";
import { Modal } from "./modal.tsx";
import { useFound } from "./people-picker.tsx";

/** So many places and people are offered at once. */
const PLACES_MAX = 30;
const PEOPLE_MAX = 5;

/** Where one can go: a place, or somebody to talk to. */
type Aim = { readonly place: string } | { readonly person: string };

/** The dialog. */
export function Switcher({ close }: { readonly close: () => void }) {
  const app = useApp();
  const { store } = app;
  const [typed, setTyped] = useState("");
  const { people } = useFound(typed);
  const places: readonly Option<Aim>[] = matching(store.sorted.value, typed)
    .slice(0, PLACES_MAX)
    .map((entry) => ({
      key: entry.room,
      value: { place: entry.place },
      shown: (
        <span class="option-person">
          {entry.kind === "public" ? (
            <span class="avatar room" aria-hidden="true">
              <Icon name="hash" size={18} />
            </span>
          ) : (
            <Avatar name={entry.title} />
          )}
          <bdi>{entry.title}</bdi>
          {entry.unread > 0 && (
            <span class="badge">
              {badge(entry.unread)}
              <span class="unseen"> unread</span>
            </span>
          )}
        </span>
      ),
    }));
  const talkedTo = new Set(store.sorted.value.filter(({ kind }) => kind === "direct").map(({ title }) => title));
  const others: readonly Option<Aim>[] = people
    .filter(({ id, name }) => id !== store.me.value?.id && !talkedTo.has(name))
    .slice(0, PEOPLE_MAX)
    .map(({ id, name }) => ({
      key: id,
      value: { person: id },
      shown: (
        <span class="option-person">
          <Avatar name={name} />
          <span>
            Message <bdi>{name}</bdi>
          </span>
        </span>
      ),
    }));
  const go = (aim: Aim): void => {
    close();
    if ("place" in aim) app.openPlace(aim.place);
    else app.attempt(() => app.makeChat("", [aim.person]));
  };
  return (
    <Modal title="Go to" close={close} isBare>
      <Combobox
        label="Go to a chat, room or person"
        isLabelHidden
        placeholder="Go to a chat, room or person"
        typed={typed}
        options={[...places, ...others]}
        nothing="Nothing is called so."
        type={setTyped}
        choose={go}
        focus
      />
    </Modal>
  );
}
