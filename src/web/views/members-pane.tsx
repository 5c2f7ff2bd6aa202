/**
 * The web client's views: who is in the open chat, and for those who may, who else comes in or goes out.
 */
import { useState } from "preact/hooks";
import type { User } from "../../sdk/index.ts";
import { MEMBERS_SHOWN_MAX } from "../actions/members.ts";
import type { Entry } from "../model/entry.ts";
import { counted } from "../model/words.ts";
import type { Member } from "../store.ts";
import { Avatar } from "./avatar.tsx";
import { useApp } from "./context.ts";
import { ErrorNote, useDoing } from "./field.tsx";
import { Icon } from "./icons.tsx";
import { PeoplePicker } from "./people-picker.tsx";

/** The pane beside the conversation. */
export function MembersPane({ entry }: { readonly entry: Entry }) {
  const app = useApp();
  const { store } = app;
  const count = entry.members.length;
  const isChat = entry.kind === "chat";
  const me = store.me.value;
  const mayRemove = isChat && (entry.owner === me?.id || me?.isAdmin === true);
  return (
    <aside class="members" aria-labelledby="members-title">
      <header class="members-head">
        <h2 id="members-title">{counted(count, "member", "members")}</h2>
        <button type="button" class="plain round" aria-label="Close members" onClick={() => app.members.toggle()}>
          <Icon name="close" />
        </button>
      </header>
      {isChat && <Add entry={entry} />}
      <ul class="people">
        {store.members.value.map((member) => (
          <Person
            key={member.id}
            member={member}
            entry={entry}
            isHere={member.name !== undefined && store.present.value.has(member.name)}
            mayRemove={mayRemove && member.id !== me?.id}
          />
        ))}
      </ul>
      {count > MEMBERS_SHOWN_MAX && <p class="dim">and {count - MEMBERS_SHOWN_MAX} more</p>}
      {isChat && <Leave />}
    </aside>
  );
}

function Person(props: {
  readonly member: Member;
  readonly entry: Entry;
  readonly isHere: boolean;
  readonly mayRemove: boolean;
}) {
  const app = useApp();
  const { member, entry, isHere, mayRemove } = props;
  const [isSure, setSure] = useState(false);
  const { id, name = "…" } = member;
  const isMe = id === app.store.me.value?.id;
  const notes = [isMe && "you", id === entry.owner && entry.kind === "chat" && "owner"].filter(
    (each) => each !== false,
  );
  return (
    <li>
      <Avatar name={name} isOnline={isHere} />
      <span class="person-name">
        <bdi>{name}</bdi>
        {notes.length > 0 && <span class="dim">{notes.join(", ")}</span>}
        {isHere && <span class="unseen"> is here</span>}
      </span>
      {mayRemove && !isSure && (
        <button type="button" class="plain round" aria-label={`Remove ${name}`} onClick={() => setSure(true)}>
          <Icon name="close" size={16} />
        </button>
      )}
      {mayRemove && isSure && (
        <button
          type="button"
          class="plain danger edged"
          ref={(button) => button?.focus()}
          onClick={() => app.attempt(() => app.members.remove(id))}
          onBlur={() => setSure(false)}
        >
          Remove<span class="unseen"> {name} from the chat</span>
        </button>
      )}
    </li>
  );
}

function Add({ entry }: { readonly entry: Entry }) {
  const app = useApp();
  const doing = useDoing();
  const add = (people: readonly User[]): void => doing.run(() => app.members.add(people.map(({ id }) => id)));
  return (
    <div class="add">
      <PeoplePicker label="Add people" chosen={[]} without={entry.members} choose={add} />
      <ErrorNote text={doing.error} />
    </div>
  );
}

function Leave() {
  const app = useApp();
  const [isSure, setSure] = useState(false);
  if (!isSure) {
    return (
      <button type="button" class="plain danger leave" onClick={() => setSure(true)}>
        Leave this chat…
      </button>
    );
  }
  return (
    <div class="leave">
      <p>You will not see it any more until a member adds you again.</p>
      <div class="buttons">
        <button type="button" class="plain danger edged" onClick={() => app.attempt(() => app.members.leave())}>
          Leave
        </button>
        <button type="button" class="plain" ref={(button) => button?.focus()} onClick={() => setSure(false)}>
          Stay
        </button>
      </div>
    </div>
  );
}
