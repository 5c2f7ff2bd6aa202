/**
 * Stage 1, the pages: `/dashboard`: one's chats, the public rooms, and ways to begin another chat. Pure.
 */

import type { PublicRoom } from "../../commands/api.ts";
import type { Chat, ChatSummary } from "../../commands/chat.ts";
import type { Uuid } from "../../record.ts";
import { shownTime, snippet } from "./display.ts";
import type { Person } from "./door.ts";
import { type Html, html, type Part } from "./html.ts";
import { describedBy, errorNote, field, type Page } from "./layout.ts";
import { chatPath, latestPath, roomPath } from "./paths.ts";

/** So many chats are listed unless all are asked for. */
const CHATS_LISTED_MAX = 100;

/** A form of the dashboard that was refused, and what was typed into it. */
export type RefusedStart =
  | {
      readonly form: "chat";
      readonly name: string;
      readonly members: string;
      readonly blamed: "name" | "members";
      readonly text: string;
    }
  | { readonly form: "direct"; readonly name: string; readonly text: string };

/** Names by id; who has no account any more has none. */
export type Names = ReadonlyMap<Uuid, string>;

/** What stands on the page. */
export interface DashboardView {
  readonly me: Person;
  /** The one in which something was said last comes first. */
  readonly chats: readonly ChatSummary[];
  /** The names of those whom one talks to in direct chats. */
  readonly names: Names;
  readonly rooms: readonly PublicRoom[];
  /** Whether all chats are listed, not only those that something happened in last. */
  readonly showsAll: boolean;
  /** Who was looked for, and who was found. */
  readonly found: { readonly prefix: string; readonly people: readonly Person[] } | undefined;
  readonly refused: RefusedStart | undefined;
}

/** The whole page. */
export function dashboardPage(view: DashboardView): Page {
  const main = html`<h1>Your chats</h1>
<div class="columns beside">
${chatList(view)}
<div class="side stack">
${findPeople(view)}
${directForm(view)}
${chatForm(view)}
</div>
${roomList(view.rooms)}
</div>`;
  return { title: view.refused === undefined ? "Chats" : "Error: Chats", me: view.me, main };
}

/** Whom one talks to in a direct chat; `undefined` in any other. */
export function otherIn(chat: Pick<Chat, "isDirect" | "members">, me: Person): Uuid | undefined {
  return chat.isDirect ? chat.members.find((id) => id !== me.id) : undefined;
}

/** What a chat is called: a direct one by whom one talks to. */
export function chatTitle(chat: Chat, me: Person, names: Names): string {
  const other = otherIn(chat, me);
  return (other === undefined ? undefined : names.get(other)) ?? chat.name;
}

function chatList(view: DashboardView): Html {
  const { chats, showsAll } = view;
  const listed = showsAll ? chats : chats.slice(0, CHATS_LISTED_MAX);
  const rest = chats.length - listed.length;
  return html`<section class="card" aria-labelledby="chats-title"><h2 id="chats-title">Chats</h2>
${
  listed.length === 0
    ? html`<p class="quiet">None yet. Make one, or look into a public room.</p>`
    : html`<ul class="list">${listed.map((chat) => chatEntry(chat, view))}</ul>`
}
${rest > 0 && html`<p><a href="/dashboard?all=1">${rest} more</a></p>`}
<p><a href="/dashboard">Refresh</a> <span class="quiet">Times are in UTC.</span></p></section>`;
}

function chatEntry(chat: ChatSummary, { me, names }: DashboardView): Html {
  const { last, unread, createdAt } = chat;
  const { iso, date, minute } = shownTime(last?.time ?? createdAt);
  return html`<li class="entry">
<a href="${latestPath(chatPath(chat.id))}" dir="auto">${chatTitle(chat, me, names)}</a>
<span class="row">${
    unread > 0 && html`<span class="count">${unread}<span class="unseen"> unread</span></span>`
  }<time class="when" datetime="${iso}">${date} ${minute}</time></span>
${lastWords(last, me)}</li>
`;
}

function lastWords(last: ChatSummary["last"], me: Person): Html {
  if (last === undefined) return html`<p class="snippet">Nothing was said yet.</p>`;
  const who = last.sender === me.id ? "You" : last.senderName;
  return html`<p class="snippet"><bdi>${who}</bdi>: ${
    last.removed ? html`<i>message removed</i>` : html`<span dir="auto">${snippet(last.content)}</span>`
  }</p>`;
}

function roomList(rooms: readonly PublicRoom[]): Html {
  const entries = rooms.map(
    (room) => html`<li><a href="${latestPath(roomPath(room))}"><bdi>${room.name}</bdi></a>
<p class="quiet" dir="auto">${room.description}</p></li>
`,
  );
  return html`<section class="card" aria-labelledby="rooms-title"><h2 id="rooms-title">Public rooms</h2>
${rooms.length === 0 ? html`<p class="quiet">There are none.</p>` : html`<ul class="rooms">${entries}</ul>`}</section>`;
}

function findPeople({ found, me }: DashboardView): Html {
  const about = { type: "search", autocomplete: "off", isRequired: true, errorId: undefined } as const;
  const hint = "The beginning of a name.";
  return html`<section class="card" aria-labelledby="find-title"><h2 id="find-title">Find people</h2>
<form class="form" method="get" action="/dashboard#find-title" role="search">
${field({ ...about, id: "find", name: "find", label: "Name", hint, value: found?.prefix ?? "" })}
<button class="plain">Find</button></form>
${found !== undefined && foundPeople(found, me)}</section>`;
}

function foundPeople({ prefix, people }: NonNullable<DashboardView["found"]>, me: Person): Html {
  if (people.length === 0) return html`<p role="status">Nobody’s name begins with <bdi>${prefix}</bdi>.</p>`;
  const entry = (person: Person): Part =>
    html`<li class="person"><bdi>${person.name}</bdi>${
      person.id === me.id
        ? html`<span class="quiet">you</span>`
        : html`<form method="post" action="/ui/direct"><input type="hidden" name="user_id" value="${person.id}">
<button class="plain small">Message<span class="unseen"> ${person.name}</span></button></form>`
    }</li>`;
  return html`<ul class="list" aria-label="People found">${people.map(entry)}</ul>`;
}

function directForm({ refused }: DashboardView): Html {
  const own = refused?.form === "direct" ? refused : undefined;
  const errorId = own === undefined ? undefined : "direct-error";
  const about = { type: "text", autocomplete: "off", isRequired: true, hint: undefined } as const;
  return html`<section class="card" aria-labelledby="direct-title"><h2 id="direct-title">Message somebody</h2>
${errorNote("direct-error", own?.text)}
<form class="form" method="post" action="/ui/direct">
${field({ ...about, id: "direct-name", name: "user", label: "Their name", value: own?.name ?? "", errorId })}
<button>Open the chat</button></form></section>`;
}

function chatForm({ refused }: DashboardView): Html {
  const own = refused?.form === "chat" ? refused : undefined;
  const blame = (blamed: "name" | "members"): string | undefined => (own?.blamed === blamed ? "chat-error" : undefined);
  const about = { type: "text", autocomplete: "off", isRequired: true, hint: undefined } as const;
  const name = { label: "What it is called", value: own?.name ?? "", errorId: blame("name") };
  return html`<section class="card" aria-labelledby="chat-title"><h2 id="chat-title">Make a chat</h2>
${errorNote("chat-error", own?.text)}
<form class="form" method="post" action="/ui/chats">
${field({ ...about, ...name, id: "chat-name", name: "name" })}
<div><label for="chat-members">Who else is in it</label>
<p class="hint" id="chat-members-hint">Their names, one on each line. You can add others later.</p>
<textarea id="chat-members" name="members" rows="3" dir="auto" spellcheck="false"${describedBy(
    blame("members"),
    "chat-members-hint",
  )}>
${own?.members ?? ""}</textarea></div>
<button>Make it</button></form></section>`;
}
