/**
 * The load test of one chat, for k6: LISTENERS WebSockets stay connected to the end while posts go from FROM to TO a
 * second, and every delivery is counted. It ends with an exit code other than 0 where an accepted post has not reached
 * every listener, or came twice or out of its sender's order. It knows only the calls of the wire as it is, and needs a
 * server in open mode. One file that imports k6's own modules alone, so that it can be piped into k6:
 *
 *     docker run --rm -i --network host grafana/k6 run - < k6/chat.js
 *
 * What can be set, each by `-e NAME=VALUE`:
 *
 *     BASE       http://localhost:8000   where the server is; several with commas: people are spread over them
 *     LISTENERS  10                      who listen
 *     POSTERS    100                     who post, each one post at a time; more are of no use where the server is busy
 *     FROM, TO   1000, 10000             posts a second at the beginning and at the end
 *     STEADY     10                      seconds at FROM
 *     RAMP       60                      seconds from FROM to TO
 *     HOLD       20                      seconds at TO
 *     SETTLE     30                      seconds that may pass until the last delivery has come
 *     SILENCE    3                       seconds without a delivery after which there are taken to be no more
 */
import exec from "k6/execution";
import http from "k6/http";
import { Counter, Trend } from "k6/metrics";
import ws from "k6/ws";

const number = (name, otherwise) => Number(__ENV[name] || otherwise);
const BASES = (__ENV.BASE || "http://localhost:8000").split(",");
const LISTENERS = number("LISTENERS", 10);
const POSTERS = number("POSTERS", 100);
const FROM = number("FROM", 1000);
const TO = number("TO", 10000);
const STEADY = number("STEADY", 10);
const RAMP = number("RAMP", 60);
const HOLD = number("HOLD", 20);
const SETTLE = number("SETTLE", 30);
const SILENCE_MS = number("SILENCE", 3) * 1000;
/** Seconds that the listeners have to connect before the first post. */
const CONNECT = 5;
/** One delivery in so many has its latency taken: samples cost k6 more than deliveries do. */
const TIMED_EVERY = 50;

/** Deliveries that accepted posts have caused, less those that came. */
const undelivered = new Counter("deliveries_missing");
const deliveries = new Counter("deliveries");
const accepted = new Counter("posts_accepted");
const refused = new Counter("posts_refused");
/** Posts of which nobody knows whether they were taken: with those nothing could be said about loss. */
const unknown = new Counter("posts_unknown");
const repeated = new Counter("deliveries_repeated");
const disordered = new Counter("deliveries_disordered");
const deaf = new Counter("listeners_lost");
const pushMs = new Trend("push_ms");

export const options = {
  scenarios: {
    listeners: {
      executor: "per-vu-iterations",
      exec: "listen",
      vus: LISTENERS,
      iterations: 1,
      maxDuration: `${CONNECT + STEADY + RAMP + HOLD + SETTLE + 10}s`,
    },
    posts: {
      executor: "ramping-arrival-rate",
      exec: "post",
      startTime: `${CONNECT}s`,
      startRate: FROM,
      timeUnit: "1s",
      preAllocatedVUs: POSTERS,
      stages: [
        { target: FROM, duration: `${STEADY}s` },
        { target: TO, duration: `${RAMP}s` },
        { target: TO, duration: `${HOLD}s` },
      ],
      gracefulStop: `${SETTLE}s`,
    },
  },
  thresholds: {
    posts_accepted: ["count>0"],
    posts_unknown: ["count==0"],
    deliveries_missing: ["count==0"],
    deliveries_repeated: ["count==0"],
    deliveries_disordered: ["count==0"],
    listeners_lost: ["count==0"],
  },
  summaryTrendStats: ["med", "p(95)", "p(99)", "max"],
  systemTags: ["scenario", "status"],
};

/** Makes the people and their chat; gives what all the others need. */
export function setup() {
  const run = Date.now().toString(36);
  const people = [];
  for (let index = 0; index < Math.max(LISTENERS, POSTERS); index++) {
    const base = BASES[index % BASES.length];
    const username = `k6-${run}-${index}`;
    const made = http.post(`${base}/users`, { username });
    if (made.status !== 201) throw new Error(`POST /users: ${made.status} ${made.body}`);
    const login = http.post(`${base}/login`, { username }, { redirects: 0 });
    if (login.status !== 303) throw new Error(`POST /login: ${login.status} ${login.body}`);
    people.push({ base, id: made.json("user_id") });
  }
  const form = [`name=k6-${run}`, ...people.map(({ id }) => `members=${id}`)].join("&");
  const chat = http.post(`${BASES[0]}/chats`, form, { headers: formOf(people[0]) });
  if (chat.status !== 201) throw new Error(`POST /chats: ${chat.status} ${chat.body}`);
  return { chat: chat.json("chat_id"), people };
}

function formOf({ id }) {
  return { Cookie: `user_id=${id}`, "Content-Type": "application/x-www-form-urlencoded" };
}

/** Listens from the beginning until nothing comes any more. */
export function listen({ people }) {
  // A counter that nobody has added to is not looked at.
  for (const counter of [accepted, unknown, undelivered, repeated, disordered, deaf]) counter.add(0);
  const { base, id } = people[(exec.vu.idInTest - 1) % LISTENERS];
  const postedMs = exec.scenario.startTime + (CONNECT + STEADY + RAMP + HOLD) * 1000;
  /** The last post of each poster that came. */
  const last = new Map();
  let count = 0;
  let told = 0;
  let heardMs = Date.now();
  let done = false;
  const tell = () => {
    deliveries.add(count - told);
    undelivered.add(told - count);
    told = count;
  };
  const take = (data) => {
    const at = data.indexOf("k6:");
    if (at < 0) return;
    const [, poster, index, sentMs] = data.slice(at, data.indexOf(".", at)).split(":");
    count++;
    heardMs = Date.now();
    const previous = last.get(poster);
    if (previous === undefined || previous < Number(index)) last.set(poster, Number(index));
    else (previous === Number(index) ? repeated : disordered).add(1);
    if (count % TIMED_EVERY === 0) pushMs.add(heardMs - Number(sentMs));
  };
  ws.connect(`${base.replace(/^http/, "ws")}/ws/connect/${id}`, {}, (socket) => {
    socket.on("message", take);
    // biome-ignore lint/suspicious/noConsole: it is how k6 tells whoever runs it.
    socket.on("error", (error) => console.error(`listener: ${error.error()}`));
    socket.on("close", () => {
      tell();
      if (!done) deaf.add(1);
    });
    socket.setInterval(() => {
      tell();
      const now = Date.now();
      if (now < postedMs || now < heardMs + SILENCE_MS) return;
      done = true;
      socket.close();
    }, 1000);
  });
}

/** Posts once. */
export function post({ chat, people }) {
  const poster = exec.vu.idInTest;
  const person = people[poster % POSTERS];
  const content = `k6:${poster}:${exec.vu.iterationInScenario}:${Date.now()}.`;
  const headers = formOf(person);
  const answer = http.post(`${person.base}/chats/${chat}/messages`, `content=${content}`, { headers });
  if (answer.status === 200) {
    accepted.add(1);
    undelivered.add(LISTENERS);
  } else if (answer.status === 0 || (answer.status >= 500 && !/overloaded|not_sent|unavailable/.test(answer.body))) {
    unknown.add(1);
  } else refused.add(1);
}
