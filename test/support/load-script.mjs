/**
 * A load script as somebody wrote it who only knows the calls of the older server, and nothing of Verbatim: makes users,
 * logs them in, makes one chat with all of them, opens ten `/ws/connect/{user_id}`, posts forms with the cookie at a rate,
 * and counts frames. `node load-script.mjs ADDRESS POSTS_PER_SECOND SECONDS [ADDRESS_OF_LISTENERS]`; prints what it found
 * as one line of JSON.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { WebSocket } from "ws";

const USERS = 20;
const LISTENERS = 10;
const CONNECTIONS = 50;
const TICK_MS = 10;
/** Frames that have not come so long after the last one will never come, in milliseconds. */
const SILENCE_MS = 10_000;

/** How long after an answer that says to try again a post is tried again, in milliseconds. */
const AGAIN_MS = 100;
/** Such an answer: the machine stood still for seconds, and the post was not taken. */
const NOT_NOW = /^HTTP\/1\.1 503 .*"code":"(unavailable|not_sent)"/s;

/** What stands before a message's number. */
const MARK = "load ";

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

/**
 * Posts at a rate, whatever the server makes of it, and once more what it could not take at that moment; gives how many
 * were accepted. The requests are written by hand: a client library would take more of the machine than the server that
 * is being loaded.
 */
async function post({ address, chat, cookies, perSecond, seconds }) {
  const { hostname, port, host } = new URL(address);
  const total = perSecond * seconds;
  const heads = cookies.map((cookie) =>
    [
      `POST /chats/${chat}/messages HTTP/1.1`,
      `Host: ${host}`,
      `Cookie: ${cookie}`,
      "Content-Type: application/x-www-form-urlencoded",
      "Content-Length: ",
    ].join("\r\n"),
  );
  let next = 0;
  let due = 0;
  let accepted = 0;
  let answered = 0;
  const idle = [];
  /** A connection with one post outstanding at most; one that breaks is made anew, its post counts as not accepted. */
  const open = () => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const connection = { socket, waiting: false, number: 0 };
    let bytes = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk) => {
      bytes += chunk;
      const head = bytes.indexOf("\r\n\r\n");
      const length = head < 0 ? null : /^content-length: *(\d+)/im.exec(bytes.slice(0, head));
      if (length === null || bytes.length < head + 4 + Number(length[1])) return;
      const answer = bytes;
      bytes = "";
      if (NOT_NOW.test(answer)) {
        setTimeout(() => write(connection), AGAIN_MS);
        return;
      }
      if (answer.startsWith("HTTP/1.1 200 ")) accepted += 1;
      answered += 1;
      connection.waiting = false;
      if (next < due) send(connection);
      else idle.push(connection);
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      if (answered === total) return;
      if (connection.waiting) answered += 1;
      const at = idle.indexOf(connection);
      if (at >= 0) idle.splice(at, 1);
      idle.push(open());
    });
    return connection;
  };
  const send = (connection) => {
    connection.waiting = true;
    connection.number = next;
    next += 1;
    write(connection);
  };
  const write = ({ socket, number }) => {
    const body = `content=load+${number}`;
    socket.write(`${heads[number % heads.length]}${body.length}\r\n\r\n${body}`);
  };
  for (let count = 0; count < CONNECTIONS; count++) idle.push(open());
  const begin = performance.now();
  while (answered < total) {
    due = Math.min(total, Math.floor(((performance.now() - begin) * perSecond) / 1000) + 1);
    while (next < due && idle.length > 0) send(idle.shift());
    await delay(TICK_MS);
  }
  const took = (performance.now() - begin) / 1000;
  for (const { socket } of idle) socket.destroy();
  return { sent: total, accepted, perSecond: Math.round(total / took) };
}

async function run(address, perSecond, seconds, listeningAt) {
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
      const socket = new WebSocket(`${listeningAt.replace("http", "ws")}/ws/connect/${id}`);
      const frames = [];
      socket.on("message", (data) => {
        const at = data.indexOf(MARK) + MARK.length;
        frames.push(Number.parseInt(data.latin1Slice(at, at + 10), 10));
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
  const [address, perSecond, seconds, listeningAt = address] = process.argv.slice(2);
  console.log(JSON.stringify(await run(address, Number(perSecond), Number(seconds), listeningAt)));
} else {
  parentPort.postMessage(await post(workerData));
}
