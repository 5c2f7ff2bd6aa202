/**
 * Stage 1, the pages: `/ui/chats/{id}`: a chat or a public room with its messages, oldest first, and a form to write.
 * Pure.
 */

import type { Chat, Message } from "../../commands/chat.ts";
import type { MessagePage } from "../../commands/read-messages.ts";
import { shownText, shownTime } from "./display.ts";
import type { Person } from "./door.ts";
import { type Html, html } from "./html.ts";
import { describedBy, errorNote, field, type Page } from "./layout.ts";
import { END_ID, latestPath, messageAnchor, WRITE_ID } from "./paths.ts";

/** So many members stand beside the messages; a page of their own has them all. */
export const MEMBERS_BESIDE_MAX = 50;

/** What of a chat or room the page shows. */
export interface Place {
  /** Where its page is. */
  readonly path: string;
  readonly title: string;
  /** What it is for; empty for a chat. */
  readonly description: string;
  /** `undefined` for a public room, which has no members. */
  readonly chat: Chat | undefined;
}

/** What the reader may do here. The server decides again when it is asked; this only leaves out what it would refuse. */
export interface Rights {
  readonly post: boolean;
  readonly addMember: boolean;
  readonly removeMember: boolean;
  readonly leave: boolean;
  readonly removeOwnMessage: boolean;
  /** Messages of others. */
  readonly removeMessage: boolean;
}

/** What was refused, and what was typed. */
export interface RefusedHere {
  readonly form: "write" | "member";
  readonly typed: string;
  readonly text: string;
}

/** What stands on the page. */
export interface ChatView {
  readonly me: Person;
  readonly place: Place;
  readonly rights: Rights;
  /** `undefined` where the reader may see that the chat is there, but not what is said in it. */
  readonly page: MessagePage | undefined;
  /** Whether this is the end of the chat, as it was when the page was made. */
  readonly isNewest: boolean;
  /** The first members; nobody for a public room. */
  readonly members: readonly Person[];
  /** What makes a message that is sent twice from this page one message. */
  readonly nonce: string;
  readonly refused: RefusedHere | undefined;
}

/** The whole page. */
export function chatPage(view: ChatView): Page {
  const { me, place, page, isNewest, rights, refused } = view;
  const main = html`<p class="quiet"><a href="/dashboard">All chats</a></p>
<h1 dir="auto">${place.title}</h1>
${place.description !== "" && html`<p class="quiet" dir="auto">${place.description}</p>`}
<div class="columns beside"><div class="stack">
${page === undefined ? html`<p class="note">Only its members can read this chat.</p>` : messageList(view, page)}
${isNewest && rights.post && writeForm(view)}
</div>
${place.chat !== undefined && beside(view, place.chat)}</div>`;
  return { title: refused === undefined ? place.title : `Error: ${place.title}`, me, main };
}

function messageList(view: ChatView, page: MessagePage): Html {
  const { place, isNewest } = view;
  const { olderBefore, newerAfter } = page;
  const older = html`<p class="pages"><a href="${place.path}?before=${olderBefore}#${END_ID}">Older messages</a></p>`;
  const nothing = html`<p class="quiet">${isNewest ? "Nothing was said yet." : "There is nothing here."}</p>`;
  return html`<section class="card" aria-labelledby="messages-title"><h2 id="messages-title">Messages</h2>
<div class="messages">
${olderBefore !== undefined && older}
${page.messages.length === 0 && nothing}
${days(page.messages).map((day) => daySection(day, view))}
</div>
<p class="pages" id="${END_ID}" tabindex="-1">${
    newerAfter !== undefined && html`<a href="${place.path}?after=${newerAfter}">Newer messages</a>`
  }<a href="${latestPath(place.path)}">${isNewest ? "Refresh" : "To the newest messages"}</a>
<span class="quiet">Times are in UTC.</span></p></section>`;
}

interface Day {
  readonly name: string;
  readonly date: string;
  readonly messages: Message[];
}

/** Messages that come newest first as days, oldest first. */
function days(newestFirst: readonly Message[]): readonly Day[] {
  const all: Day[] = [];
  for (const message of newestFirst.toReversed()) {
    const { day, date } = shownTime(message.time);
    const last = all.at(-1);
    if (last !== undefined && last.date === date) last.messages.push(message);
    else all.push({ name: day, date, messages: [message] });
  }
  return all;
}

/** A clock that went back can make a day come twice, so its heading is named after its first message. */
function daySection({ name, date, messages }: Day, view: ChatView): Html {
  const id = `day-${messages[0]?.seq ?? 0}`;
  return html`<section aria-labelledby="${id}"><h3 id="${id}"><time datetime="${date}">${name}</time></h3>
<ol>${messages.map((message) => messageItem(message, view))}</ol></section>
`;
}

function messageItem(message: Message, view: ChatView): Html {
  const isOwn = message.sender === view.me.id;
  const { iso, minute } = shownTime(message.time);
  const anchor = messageAnchor(message.seq);
  const mayRemove = !message.removed && (isOwn ? view.rights.removeOwnMessage : view.rights.removeMessage);
  return html`<li class="${isOwn ? "message own" : "message"}" id="${anchor}"><div class="about">
<bdi class="name">${message.senderName}</bdi> <a href="#${anchor}"><time datetime="${iso}">${minute}</time></a>
${mayRemove && removeForm(message, view, minute)}</div>
${
  message.removed
    ? html`<p class="gone">This message was removed.</p>`
    : html`<p class="text" dir="auto">${shownText(message.content)}</p>`
}</li>
`;
}

/** Asks twice, without a script: what is removed does not come back. */
function removeForm(message: Message, { place, page, isNewest }: ChatView, minute: string): Html {
  const newest = page?.messages[0]?.seq ?? message.seq;
  const back = isNewest ? "" : `&before=${newest + 1}`;
  return html`<details><summary>Remove<span class="unseen"> ${message.senderName}’s message of ${minute}</span>…</summary>
<form method="post" action="${place.path}/messages/${message.id}/remove?seq=${message.seq}${back}">
<button class="danger small">Remove for everybody</button></form></details>`;
}

function writeForm({ place, nonce, refused }: ChatView): Html {
  const own = refused?.form === "write" ? refused : undefined;
  return html`<section class="card write" aria-labelledby="write-title"><h2 id="write-title" class="unseen">Write</h2>
${errorNote("write-error", own?.text)}
<form class="form" method="post" action="${place.path}/messages">
<input type="hidden" name="nonce" value="${nonce}">
<div><label for="${WRITE_ID}">Your message</label>
<textarea id="${WRITE_ID}" name="content" rows="2" required dir="auto" autocomplete="off"${describedBy(
    own === undefined ? undefined : "write-error",
    undefined,
  )}>
${own?.typed ?? ""}</textarea></div>
<button>Send</button></form></section>`;
}

function beside(view: ChatView, chat: Chat): Html {
  const { place, me, rights } = view;
  const count = chat.members.length;
  return html`<aside class="side stack" aria-label="About this chat">
<section class="card" aria-labelledby="members-title"><h2 id="members-title">${count} ${
    count === 1 ? "member" : "members"
  }</h2>
${memberList(view.members, chat, view)}
${count > MEMBERS_BESIDE_MAX && html`<p><a href="${place.path}/members">All ${count} members</a></p>`}
${rights.addMember && addForm(view)}</section>
${rights.leave && leaveForm(place, me)}</aside>`;
}

/** Some members of a chat, with a way to remove them where the reader may. */
export function memberList(
  members: readonly Person[],
  chat: Chat,
  { me, rights, place }: Pick<ChatView, "me" | "rights" | "place">,
): Html {
  const entry = (member: Person): Html => {
    const words = [member.id === me.id && "you", member.id === chat.owner && "owner"].filter((word) => word !== false);
    return html`<li class="person"><span><bdi>${member.name}</bdi>${
      words.length > 0 && html` <span class="quiet">${words.join(", ")}</span>`
    }</span>${rights.removeMember && member.id !== me.id && removeMemberForm(member, place)}</li>
`;
  };
  return html`<ul class="list">${members.map(entry)}</ul>`;
}

function removeMemberForm(member: Person, place: Place): Html {
  return html`<details><summary>Remove<span class="unseen"> ${member.name}</span>…</summary>
<form method="post" action="${place.path}/members/${member.id}/remove">
<button class="danger small">Remove from the chat</button></form></details>`;
}

function addForm({ place, refused }: ChatView): Html {
  const own = refused?.form === "member" ? refused : undefined;
  const errorId = own === undefined ? undefined : "member-error";
  const about = { type: "text", autocomplete: "off", isRequired: true, hint: undefined } as const;
  return html`<form class="form" method="post" action="${place.path}/members">
${errorNote("member-error", own?.text)}
${field({ ...about, id: "member-name", name: "user", label: "Add somebody by name", value: own?.typed ?? "", errorId })}
<button class="plain">Add</button></form>`;
}

function leaveForm(place: Place, me: Person): Html {
  return html`<section class="card" aria-labelledby="leave-title"><h2 id="leave-title">Leave</h2>
<details><summary>Leave this chat…</summary>
<form class="form" method="post" action="${place.path}/members/${me.id}/remove">
<p>You will not see it any more until a member adds you again.</p>
<button class="danger">Leave for good</button></form></details></section>`;
}
