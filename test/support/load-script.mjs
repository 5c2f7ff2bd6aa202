/**
 * A load script as somebody wrote it who only knows the calls of the older server, and nothing of Verbatim: makes users,
 * logs them in, makes one chat with all of them, opens ten `/ws/connect/{user_id}`, posts forms with the cookie at a rate,
 * and counts frames. `node load-script.mjs ADDRESS POSTS_PER_SECOND SECONDS`; prints what it found as one line of JSON.
 */
import { once } from "node:events";
import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { WebSocket } from "ws";

const USERS = 20;
const LISTENERS = 10;
const CONNECTIONS = 50;
const TICK_MS = 10;
/** Frames that have not come so long after the last one will never come, in milliseconds. */
const SILENCE_MS = 10_000;

const form = (fields) => new URLSearchParams(fields);

/** Makes a user and logs in; gives the id and the cookie. */
async function signUp(address, username) {
  const made = await fetch(`${address}/users`, { method: "POST", body: form({ username }) });
  if (made.status !== 201) throw new Error(`POST /users: ${made.status}`);
  const { user_id: id } = await made.json();
  const login = await fetch(`${address}/login`, { method: "POST", body: form({ username }), redirect: "manual" });
  if (login.status !== 303) throw new Error(`POST /login: ${login.status}`);
  return { id, cookie: login.headers.get("set-cookie").split(";")[0] };
}

/** Posts at a rate, whatever the server makes of it; gives how many were accepted. */
async function post({ address, chat, cookies, perSecond, seconds }) {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const url = new URL(`/chats/${chat}/messages`, address);
  const total = perSecond * seconds;
  let accepted = 0;
  let answered = 0;
  const send = (number) => {
    const body = `content=load+${number}`;
    const headers = {
      cookie: cookies[number % cookies.length],
      "content-type": "application/x-www-form-urlencoded",
      "content-length": body.length,
    };
    const sent = request(url, { method: "POST", agent, headers }, (response) => {
      if (response.statusCode === 200) accepted += 1;
      response.resume();
      response.on("end", () => {
        answered += 1;
      });
    });
    sent.on("error", () => {
      answered += 1;
    });
    sent.end(body);
  };
  const begin = performance.now();
  for (let number = 0; number < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - begin) * perSecond) / 1000) + 1);
    for (; number < due; number++) send(number);
    await delay(TICK_MS);
  }
  while (answered < total) await delay(TICK_MS);
  const took = (performance.now() - begin) / 1000;
  agent.destroy();
  return { sent: total, accepted, perSecond: Math.round(total / took) };
}

async function run(address, perSecond, seconds) {
  const users = [];
  for (let number = 0; number < USERS; number++) users.push(await signUp(address, `user ${number}`));
  const members = users.map(({ id }) => ["members", id]);
  const made = await fetch(`${address}/chats`, {
    method: "POST",
    body: form([["name", "load"], ...members]),
    headers: { cookie: users[0].cookie },
  });
  if (made.status !== 201) throw new Error(`POST /chats: ${made.status}`);
  const { chat_id: chat } = await made.json();

  let lastFrameAt = performance.now();
  const listeners = await Promise.all(
    users.slice(0, LISTENERS).map(async ({ id }) => {
      const socket = new WebSocket(`${address.replace("http", "ws")}/ws/connect/${id}`);
      const frames = [];
      socket.on("message", (data) => {
        frames.push(Number(/load (\d+)/.exec(data)?.[1]));
        lastFrameAt = performance.now();
      });
      await once(socket, "open");
      return { socket, frames };
    }),
  );

  // Another thread posts, so that listening and posting do not slow each other down.
  const cookies = users.map(({ cookie }) => cookie);
  const worker = new Worker(new URL(import.meta.url), { workerData: { address, chat, cookies, perSecond, seconds } });
  const [posted] = await once(worker, "message");
  const isWhole = () => listeners.every(({ frames }) => frames.length >= posted.accepted);
  lastFrameAt = performance.now();
  while (!isWhole() && performance.now() - lastFrameAt < SILENCE_MS) await delay(TICK_MS);

  const [first] = listeners;
  const result = {
    ...posted,
    frames: listeners.map(({ frames }) => frames.length),
    different: new Set(first.frames).size,
    inOneOrder: listeners.every(({ frames }) => frames.every((number, index) => number === first.frames[index])),
  };
  for (const { socket } of listeners) socket.close();
  return { chat, ...result };
}

if (isMainThread) {
  const [address, perSecond, seconds] = process.argv.slice(2);
  console.log(JSON.stringify(await run(address, Number(perSecond), Number(seconds))));
} else {
  parentPort.postMessage(await post(workerData));
}
