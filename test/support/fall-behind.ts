/**
 * Test support: a reader who takes nothing is fed until the server has nowhere left to put it. How much the kernel takes
 * for such a reader differs by machine: tens of MB on some.
 */
import type { WebSocketServer } from "./websocket-server.ts";

/** Messages that are said at the least, and at the most. */
const SAID_MIN = 2000;
const SAID_MAX = 12_000;
const AT_ONCE = 100;

/**
 * Says more until the reader of a name is behind, and stays so; gives how many messages were said. `say` says `count`
 * messages of 8 KB, and resolves once all `said` so far have been told.
 */
export async function sayUntilBehind(
  { core, telemetry }: Pick<WebSocketServer, "core" | "telemetry">,
  name: string,
  say: (count: number, said: number) => Promise<unknown>,
): Promise<number> {
  const isStuck = (): boolean =>
    Array.from(core.sessions.all()).some(({ user, outbox }) => user.name === name && outbox.bytes > 0);
  for (let said = AT_ONCE; said <= SAID_MAX; said += AT_ONCE) {
    await say(AT_ONCE, said);
    const isBehind = /^verbatim_sessions_behind_total [1-9]/m.test(await telemetry.render());
    if (said >= SAID_MIN && isBehind && isStuck()) return said;
  }
  throw new Error(`the kernel took ${SAID_MAX} messages for who reads nothing`);
}
