/**
 * `{"_ct":"hello","v":1,"t":TOKEN?,"s":SESSION?}`: sign in with a token, or be the same guest again, and hear everything
 * from now on. The answer is a new `login_successful`. With a session text that nobody is known by, one stays who one is.
 */
import type { Hello } from "../../protocol/commands.ts";
import type { LiveGuest } from "../auth/guests.ts";
import type { Session } from "../fanout/session.ts";
import { CommandError } from "./command-error.ts";
import type { CommandContext } from "./context.ts";
import { greet } from "./greet.ts";
import { refuse } from "./refuse.ts";

/** Carries out `hello`. */
export function hello(context: CommandContext, session: Session, command: Hello): Promise<void> | undefined {
  const { telemetry } = context;
  if (session.hasJoined) {
    refuse(telemetry, session, command, "hello_too_late", "hello comes before the first join_room");
    return undefined;
  }
  if (command.token !== undefined) return signIn(context, session, command, command.token);
  if (session.credential === undefined) {
    refuse(telemetry, session, command, "unauthorized", "sign in with a token: this server takes no guests here");
    return undefined;
  }
  if (!session.user.isGuest) {
    session.extended = true;
    greet(context, session);
    return undefined;
  }
  return comeBack(context, session, command);
}

async function signIn(context: CommandContext, session: Session, command: Hello, token: string): Promise<void> {
  const { authenticator, sessions, guests, telemetry } = context;
  const { address } = session;
  const shown = { cookie: undefined, userIdCookie: undefined, bearer: token, named: undefined, address };
  try {
    const signedIn = await authenticator.identify(shown);
    if (signedIn === undefined) throw new CommandError("unauthorized", "the token is not valid here");
    if (session.ended) return;
    const before = session.token;
    sessions.become(session, signedIn.user, guests.newToken(), signedIn.credential);
    await guests.leave(before);
  } catch (error) {
    if (!(error instanceof CommandError)) telemetry.readFailed(error);
    const { code, message } =
      error instanceof CommandError
        ? error
        : ({ code: "unavailable", message: "who you are can't be looked up right now; try again" } as const);
    refuse(telemetry, session, command, code, message);
    return;
  }
  session.extended = true;
  greet(context, session);
}

async function comeBack(context: CommandContext, session: Session, command: Hello): Promise<void> {
  const { guests, telemetry } = context;
  try {
    if (command.session !== undefined && command.session !== session.token) {
      const guest = await guests.back(command.session);
      if (guest !== undefined) await become(context, session, guest);
    }
    let saved = await guests.save(session.token);
    // Somebody was written down under the same five characters meanwhile: take another name, nobody has seen this one.
    while (!saved && !session.ended) {
      await become(context, session, await guests.admit());
      saved = await guests.save(session.token);
    }
  } catch (error) {
    telemetry.readFailed(error);
    refuse(telemetry, session, command, "unavailable", "who you are can't be looked up right now; try again");
    return;
  }
  session.extended = true;
  greet(context, session);
}

async function become({ guests, sessions }: CommandContext, session: Session, guest: LiveGuest): Promise<void> {
  if (session.ended) {
    // The connection went while the directory was asked, and took leave of who it was then: it must not do so twice.
    await guests.leave(guest.token);
    return;
  }
  const before = session.token;
  sessions.become(session, guest, guest.token, { type: "guest", user: guest.id });
  await guests.leave(before);
}
