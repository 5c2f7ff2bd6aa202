/**
 * Stage 1, the pages: `/`, where one signs in or up. Pure.
 */
import { PASSWORD_LENGTH_MIN } from "../../auth/passwords.ts";
import type { SignInRules } from "./door.ts";
import { type Html, html } from "./html.ts";
import { errorNote, field, type Page } from "./layout.ts";

/** A form that was refused, and which of its fields is to blame. */
export interface RefusedSignIn {
  readonly form: "sign_in" | "sign_up";
  readonly name: string;
  readonly blamed: "name" | "password" | "invite";
  readonly text: string;
}

/** What stands on the page. */
export interface SignInView {
  readonly rules: SignInRules;
  /** The form that was refused, with the name that was typed; passwords are never given back. */
  readonly refused: RefusedSignIn | undefined;
  /** What a browser is told that brought a credential which is not valid any more. */
  readonly notice: string | undefined;
  /** The path of the page to which signing in leads on; `undefined` = one's chats. */
  readonly to: string | undefined;
}

/** The whole page. */
export function signInPage(view: SignInView): Page {
  const { rules, refused, notice } = view;
  const title = rules.mode === "jwt" || rules.signUp === "closed" ? "Sign in" : "Sign in or sign up";
  const main = html`<div class="narrow stack">
<h1>${title}</h1>
${notice !== undefined && html`<p class="note">${notice}</p>`}
${rules.mode === "open" && html`<p class="note">This server is open: a name is enough, so anybody can be anybody.</p>`}
${rules.mode === "jwt" ? elsewhere() : html`<div class="columns even">${signIn(view)}${signUp(view)}</div>`}
</div>`;
  return { title: refused === undefined ? title : `Error: ${title}`, me: undefined, main };
}

function signIn({ rules, refused, to }: SignInView): Html {
  const own = refused?.form === "sign_in" ? refused : undefined;
  const errorId = own === undefined ? undefined : "sign-in-error";
  return html`<section class="card" aria-labelledby="sign-in-title"><h2 id="sign-in-title">Sign in</h2>
${errorNote("sign-in-error", own?.text)}
<form class="form" method="post" action="/login">${leadOn(to)}
${nameField("sign-in-name", own?.name ?? "", undefined, errorId)}
${rules.mode === "password" && passwordField("sign-in-password", "current-password", undefined, undefined)}
<button>Sign in</button></form></section>`;
}

function signUp({ rules, refused, to }: SignInView): Html {
  const own = refused?.form === "sign_up" ? refused : undefined;
  const blame = (field: RefusedSignIn["blamed"]): string | undefined =>
    own?.blamed === field ? "sign-up-error" : undefined;
  const length = `At least ${PASSWORD_LENGTH_MIN} characters.`;
  const fields = html`${errorNote("sign-up-error", own?.text)}
<form class="form" method="post" action="/ui/sign-up">${leadOn(to)}
${nameField("sign-up-name", own?.name ?? "", "How others will see you: up to 64 characters.", blame("name"))}
${rules.mode === "password" && passwordField("sign-up-password", "new-password", length, blame("password"))}
${rules.signUp === "invite" && inviteField(blame("invite"))}
<button>Sign up</button></form>`;
  return html`<section class="card" aria-labelledby="sign-up-title"><h2 id="sign-up-title">New here?</h2>
${rules.signUp === "closed" ? html`<p>Accounts are made by those who run this server. Ask them for one.</p>` : fields}
</section>`;
}

function leadOn(to: string | undefined): Html | undefined {
  return to === undefined ? undefined : html`<input type="hidden" name="to" value="${to}">`;
}

function nameField(id: string, value: string, hint: string | undefined, errorId: string | undefined): Html {
  const about = { type: "text", autocomplete: "username", isRequired: true } as const;
  return field({ ...about, id, name: "username", label: "Name", hint, value, errorId });
}

function passwordField(id: string, autocomplete: string, hint: string | undefined, errorId: string | undefined): Html {
  const about = { type: "password", value: "", isRequired: true } as const;
  return field({ ...about, id, name: "password", label: "Password", autocomplete, hint, errorId });
}

function inviteField(errorId: string | undefined): Html {
  const about = { type: "text", autocomplete: "off", value: "", isRequired: true, errorId } as const;
  const hint = "Who runs this server gave it to you.";
  return field({ ...about, id: "sign-up-invite", name: "invite", label: "Invite", hint });
}

function elsewhere(): Html {
  return html`<section class="card" aria-labelledby="elsewhere-title"><h2 id="elsewhere-title">Sign in elsewhere</h2>
<p>This server takes tokens of another sign-in service. These pages can only be used behind a proxy that adds the token
to each request.</p></section>`;
}
