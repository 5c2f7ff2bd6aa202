/**
 * Test support: a session with a real database whose writes a test holds up, as a process that is stopped does, or fails
 * before or after they were done, as an engine does whose answer gets lost.
 */
import { CqlError } from "../../src/server/cql/errors.ts";
import type { CqlSession } from "../../src/server/cql/session.ts";

/** What becomes of a write: it goes through, it fails, or its answer does, though it was done. */
export type WriteFate = "done" | "failed" | "lost";

/** A session, and what becomes of its writes. */
export interface FaultySession {
  readonly session: CqlSession;
  /** Decides about each write by its first statement and how many there were before; until it resolves the write waits. */
  decide: (query: string, before: number) => WriteFate | Promise<WriteFate>;
}

/** Wraps a session; everything goes through at first. */
export function faultySession(real: CqlSession): FaultySession {
  let count = 0;
  const faulty: FaultySession = { session: real, decide: () => "done" };
  const write = async (query: string, work: () => Promise<void>): Promise<void> => {
    const fate = await faulty.decide(query, count++);
    if (fate === "failed") throw new CqlError("unavailable", "the test failed a write");
    await work();
    if (fate === "lost") throw new CqlError("unknown", "the test lost an answer");
  };
  const session = new Proxy(real, {
    get(target, name) {
      if (name === "batch") {
        return (statements: Parameters<CqlSession["batch"]>[0]) =>
          write(statements[0]?.query ?? "", () => target.batch(statements));
      }
      if (name === "write") {
        return (...args: Parameters<CqlSession["write"]>) => write(args[0], () => target.write(...args));
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return Object.assign(faulty, { session });
}
