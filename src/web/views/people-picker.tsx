/**
 * The web client's views: finds people by the beginning of their names.
 */
import { useEffect, useState } from "preact/hooks";
import type { User } from "../../sdk/index.ts";
import { errorWords } from "../model/words.ts";
import { Avatar } from "./avatar.tsx";
import { Combobox } from "./combobox.tsx";
import { useApp } from "./context.ts";
import { Icon } from "./icons.tsx";

/** How long nobody must have typed before the server is asked, in milliseconds. */
const ASK_AFTER_MS = 150;

/** Who was found for what was typed; `says` = what stands there where that is nobody. */
export function useFound(typed: string): { readonly people: readonly User[]; readonly says: string } {
  const { api } = useApp();
  const [found, setFound] = useState<{ people: readonly User[]; says: string }>({ people: [], says: "" });
  const wanted = typed.trim();
  useEffect(() => {
    let isWanted = true;
    if (wanted === "") {
      setFound({ people: [], says: "" });
      return;
    }
    const timer = setTimeout(() => {
      api.findUsers(wanted).then(
        (people) => {
          if (isWanted) setFound({ people, says: `Nobody’s name begins with “${wanted}”.` });
        },
        (error: unknown) => {
          if (isWanted) setFound({ people: [], says: errorWords(error) });
        },
      );
    }, ASK_AFTER_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [api, wanted]);
  return found;
}

/** A person in a list of what was found. */
function PersonOption({ name }: { readonly name: string }) {
  return (
    <span class="option-person">
      <Avatar name={name} />
      <bdi>{name}</bdi>
    </span>
  );
}

/** Several people, chosen one by one. `without` = ids that make no sense here. */
export function PeoplePicker(props: {
  readonly label: string;
  readonly chosen: readonly User[];
  readonly without: readonly string[];
  readonly focus?: boolean;
  readonly choose: (people: readonly User[]) => void;
}) {
  const { chosen, without, choose } = props;
  const [typed, setTyped] = useState("");
  const found = useFound(typed);
  const taken = new Set([...without, ...chosen.map(({ id }) => id)]);
  const options = found.people
    .filter(({ id }) => !taken.has(id))
    .map((person) => ({ key: person.id, value: person, shown: <PersonOption name={person.name} /> }));
  return (
    <div class="picker">
      {chosen.length > 0 && (
        <ul class="chips" aria-label="Chosen">
          {chosen.map((person) => (
            <li key={person.id}>
              <bdi>{person.name}</bdi>
              <button
                type="button"
                aria-label={`Remove ${person.name}`}
                onClick={() => choose(chosen.filter(({ id }) => id !== person.id))}
              >
                <Icon name="close" size={14} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <Combobox
        label={props.label}
        placeholder="The beginning of a name"
        typed={typed}
        options={options}
        nothing={typed.trim() === "" ? "" : found.says}
        focus={props.focus === true}
        type={setTyped}
        choose={(person) => {
          choose([...chosen, person]);
          setTyped("");
        }}
        eraseLast={() => choose(chosen.slice(0, -1))}
      />
    </div>
  );
}
