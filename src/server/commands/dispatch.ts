/**
 * Stage 2: from a line to what it asks for: a table of commands, one file for each.
 */
import type { Command, CommandName } from "../../protocol/commands.ts";
import { decodeCommand } from "../../protocol/decode-command.ts";
import type { Session } from "../fanout/session.ts";
import type { CommandContext, Handler } from "./context.ts";
import { greet } from "./greet.ts";
import { hello } from "./hello.ts";
import { history } from "./history.ts";
import { joinRoom } from "./join-room.ts";
import { leaveRoom } from "./leave-room.ts";
import { quit } from "./quit.ts";
import { refuse } from "./refuse.ts";
import { sendMessage } from "./send-message.ts";
import { typing } from "./typing.ts";

type Handlers = { readonly [N in CommandName]: Handler<Extract<Command, { type: N }>> };

const HANDLERS: Handlers = {
  hello,
  join_room: joinRoom,
  leave_room: leaveRoom,
  send_message: sendMessage,
  history,
  typing,
  quit,
};

/** What doors hand lines to. */
export class Dispatcher {
  readonly #context: CommandContext;
  #isStopped = false;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  /**
   * Carries out one line of a session. `undefined` where that is done; otherwise a promise, which never rejects, and
   * the session's next line must wait for it, so that its commands keep their order.
   */
  handle(session: Session, line: string): Promise<void> | undefined {
    const command = decodeCommand(line);
    const { telemetry } = this.#context;
    if (command.type === "refusal") {
      telemetry.commandRefused(command.command ?? "none", command.code);
      session.refuse(command.code, command.text, command.room, command.key);
      return undefined;
    }
    if (this.#isStopped) {
      refuse(telemetry, session, command, "going_away", "the server is stopping; come back and resume");
      return undefined;
    }
    // A client that has heard its chats without asking begins to ask: from now on it is like any other.
    if (session.isFeed) this.#openEars(session);
    if (session.credential === undefined && command.type !== "hello" && command.type !== "quit") {
      refuse(telemetry, session, command, "unauthorized", "say hello with a token first");
      return undefined;
    }
    telemetry.commandHandled(command.type);
    const handler = HANDLERS[command.type] as Handler<Command>;
    return handler(this.#context, session, command)?.catch((error: unknown) => {
      telemetry.internalError(command.type, error);
      session.refuse("unavailable", "this went wrong on our side; try again", undefined, undefined);
    });
  }

  /** Tells a session who it is. */
  greet(session: Session): void {
    greet(this.#context, session);
  }

  /** Lets a session hear every chat of its user, each message once, until its first command. */
  openFeed(session: Session): void {
    this.#context.memberships.openFeed(session, this.#context.rosters.ofUser(session.user.id));
  }

  #openEars(session: Session): void {
    this.#context.memberships.closeFeed(session);
    session.extended = true;
    greet(this.#context, session);
  }

  /** Carries out nothing any more: the server is stopping. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Resolves once what was posted so far is durable, or its senders know that it is not. */
  settled(): Promise<void> {
    return this.#context.appender.settled();
  }

  /** Answers a line that is not UTF-8. */
  refuseBytes(session: Session): void {
    this.#context.telemetry.commandRefused("none", "bad_utf8");
    session.refuse("bad_utf8", "the line is not UTF-8", undefined, undefined);
  }
}
