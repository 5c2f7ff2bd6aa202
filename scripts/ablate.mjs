/**
 * Takes one technique of the built server away, to measure what it brings: loaded before the server by
 * `node --import ./scripts/ablate.mjs dist/bin.js serve …` with `ABLATE` set to one of
 *
 * - `coalescing`: each event is written to each socket by itself, at once, instead of once a turn;
 * - `encode-once`: each event is encoded anew for each member who hears it.
 *
 * Group commit needs no patch: `VERBATIM_LIMITS_APPEND_BYTES_MAX=3000` with `VERBATIM_LIMITS_MESSAGE_BYTES_MAX=100` commits
 * some twenty messages at a time at most.
 * `docs/performance.md` has the figures. Never used by the server, its tests or its package.
 */
import { eventsOf, runFrom, runUpTo } from "../dist/server/fanout/event-run.js";
import { Session } from "../dist/server/fanout/session.js";
import { Sessions } from "../dist/server/fanout/sessions.js";

const { tellRun } = Session.prototype;

const ABLATIONS = {
  coalescing() {
    Sessions.prototype.flushLater = (outbox) => outbox.flush();
    Session.prototype.tellRun = function tellOneByOne(following, run) {
      for (let seq = run.first; seq <= run.last; seq += 1) {
        tellRun.call(this, following, runUpTo(runFrom(run, seq), seq));
      }
    };
  },
  "encode-once"() {
    /** What each run says, parsed once: only the encoding is to be paid again. */
    const events = new WeakMap();
    Session.prototype.tellRun = function tellEncodedAnew(following, run) {
      const parsed = events.get(run) ?? eventsOf(run.lines).map((text) => JSON.parse(text));
      events.set(run, parsed);
      const lines = Buffer.from(parsed.map((event) => `${JSON.stringify(event)}\r\n`).join(""));
      tellRun.call(this, following, { ...run, lines });
    };
  },
};

const ablate = ABLATIONS[process.env.ABLATE];
if (ablate === undefined) throw new Error(`ABLATE is one of ${Object.keys(ABLATIONS).join(", ")}`);
ablate();
