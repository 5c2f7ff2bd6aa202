/**
 * The web client's views: where one signs in or up.
 */
import { useState } from "preact/hooks";
import { useApp } from "./context.ts";
import { Field, Form, textIn, useDoing } from "./field.tsx";
import { Mark } from "./icons.tsx";

/** The page of somebody who is not signed in. */
export function Door() {
  const { store } = useApp();
  const { auth, signUp, invite } = store.facts;
  const [isNew, setNew] = useState(
    // Who comes by an invite comes to sign up; who was here before does not.
    auth === "password" && invite !== undefined && store.doorNotice.value === "",
  );
  const canSignUp = auth === "password" && signUp !== "closed";
  return (
    <main class="door" id="main">
      <div class="door-card">
        <p class="brand">
          <Mark size={40} />
          Verbatim
        </p>
        <h1>{title(auth, isNew)}</h1>
        <div role="status" class="door-notice">
          {store.doorNotice.value !== "" && <p class="note">{store.doorNotice.value}</p>}
        </div>
        {auth === "jwt" && <Elsewhere />}
        {auth === "open" && <OpenForm />}
        {auth === "password" && (isNew ? <SignUpForm /> : <SignInForm />)}
        {auth === "password" && !canSignUp && (
          <p class="dim">Accounts are made by those who run this server. Ask them for one.</p>
        )}
        {canSignUp && (
          <p class="dim">
            {isNew ? "You have an account? " : "New here? "}
            <button type="button" class="link" onClick={() => setNew(!isNew)}>
              {isNew ? "Sign in" : "Create an account"}
            </button>
          </p>
        )}
      </div>
    </main>
  );
}

function title(auth: string, isNew: boolean): string {
  if (auth === "open") return "Who are you?";
  return isNew ? "Create an account" : "Sign in";
}

function SignInForm() {
  const app = useApp();
  const doing = useDoing();
  return (
    <Form
      doing={doing}
      button="Sign in"
      submit={(fields) => app.signIn(textIn(fields, "username"), textIn(fields, "password"))}
    >
      <Field label="Name" name="username" autocomplete="username" focus />
      <Field label="Password" name="password" type="password" autocomplete="current-password" />
    </Form>
  );
}

function SignUpForm() {
  const app = useApp();
  const doing = useDoing();
  const { signUp, invite } = app.store.facts;
  const wantsInvite = signUp === "invite";
  return (
    <Form
      doing={doing}
      button="Create account"
      submit={(fields) =>
        app.signUp(
          textIn(fields, "username"),
          textIn(fields, "password"),
          wantsInvite ? textIn(fields, "invite").trim() : undefined,
        )
      }
    >
      <NewNameField />
      <Field
        label="Password"
        name="password"
        type="password"
        autocomplete="new-password"
        hint="At least 8 characters; a few words are best."
      />
      {wantsInvite && (
        <Field
          label="Invite"
          name="invite"
          hint="Who runs this server gave it to you."
          {...(invite !== undefined && { value: invite })}
        />
      )}
    </Form>
  );
}

/** The name by which one may be new here. */
function NewNameField() {
  return (
    <Field label="Name" name="username" autocomplete="username" hint="How others will see you." maxLength={64} focus />
  );
}

/** Where a name is enough, it is enough: whoever has it is signed in, and whoever is new is made. */
function OpenForm() {
  const app = useApp();
  const doing = useDoing();
  return (
    <>
      <Form doing={doing} button="Continue" submit={(fields) => app.enter(textIn(fields, "username"))}>
        <NewNameField />
      </Form>
      <p class="dim">This server is open: a name is enough, so anybody can be anybody.</p>
    </>
  );
}

function Elsewhere() {
  return (
    <>
      <p>
        This server takes the sign-in of another service, which a proxy of your organisation adds to each request. Sign
        in there, then load this page again.
      </p>
      <button type="button" class="primary" onClick={() => location.reload()}>
        Load again
      </button>
    </>
  );
}
