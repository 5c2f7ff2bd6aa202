/**
 * Stage 1, the pages: `/ui/chats/{id}/members`: all members of a large chat, page by page. Pure.
 */

import type { Chat } from "../../commands/chat.ts";
import { type ChatView, memberList } from "./chat-page.ts";
import type { Person } from "./door.ts";
import { html } from "./html.ts";
import type { Page } from "./layout.ts";

/** So many stand on one page. */
export const MEMBERS_PAGE_MAX = 200;

/** What stands on the page: some members of a chat. */
export interface MembersView extends Pick<ChatView, "me" | "rights" | "place"> {
  readonly chat: Chat;
  readonly members: readonly Person[];
  /** How many members come before these. */
  readonly skip: number;
}

/** The whole page. */
export function membersPage(view: MembersView): Page {
  const { me, place, chat, members, skip } = view;
  const next = skip + MEMBERS_PAGE_MAX;
  const title = `Members of ${place.title}`;
  const main = html`<div class="narrow stack">
<p class="quiet"><a href="${place.path}">Back to the chat</a></p>
<h1>Members of <bdi>${place.title}</bdi></h1>
<section class="card" aria-label="Members">
<p class="quiet">${members.length === 0 ? "Nobody" : `${skip + 1} to ${skip + members.length}`} of ${chat.members.length}</p>
${memberList(members, chat, view)}</section>
<p class="pages">${
    skip > 0 && html`<a href="${place.path}/members?skip=${Math.max(0, skip - MEMBERS_PAGE_MAX)}">Back</a>`
  }${next < chat.members.length && html`<a href="${place.path}/members?skip=${next}">More</a>`}</p></div>`;
  return { title, me, main };
}
