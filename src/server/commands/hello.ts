/**
 * `{"_ct":"hello","v":1,"t":TOKEN?,"s":SESSION?}`: be the same guest again, and hear everything from now on. The
 * answer is a new `login_successful`. With a session text that nobody is known by, one stays who one is.
 */
import type { Hello } from "../../protocol/commands.ts";
import { loginSuccessful } from "../../protocol/events.ts";
import type { LiveGuest } from "../auth/guests.ts";
import type { Session } from "../fanout/session.ts";
import type { CommandContext } from "./context.ts";
import { refuse } from "./refuse.ts";

/** Carries out `hello`. */
export function hello(context: CommandContext, session: Session, command: Hello): Promise<void> | undefined {
  const { telemetry } = context;
  if (session.hasJoined) {
    refuse(telemetry, session, command, "hello_too_late", "hello comes before the first join_room");
    return undefined;
  }
  if (command.token !== undefined) {
    refuse(telemetry, session, command, "unauthorized", "this server has no accounts, so no token is valid");
    return undefined;
  }
  return greet(context, session, command);
}

async function greet(context: CommandContext, session: Session, command: Hello): Promise<void> {
  const { guests, telemetry, listings } = context;
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
  session.answer(loginSuccessful(session.token, session.user.name, listings));
}

async function become({ guests }: CommandContext, session: Session, guest: LiveGuest): Promise<void> {
  if (session.ended) {
    // The connection went while the directory was asked, and took leave of who it was then: it must not do so twice.
    await guests.leave(guest.token);
    return;
  }
  const before = session.token;
  session.token = guest.token;
  session.user = guest;
  await guests.leave(before);
}
