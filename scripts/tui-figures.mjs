/**
 * How long the terminal client takes for a frame in a busy room, in a real terminal: starts a server, says so many
 * messages a second in one room, opens the client in tmux, and prints the time per frame, from the state to the bytes
 * that the terminal was given. `node scripts/tui-figures.mjs [--rate 1000] [--seconds 20] [--size 140x40]`; needs `dist/`
 * and tmux.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { serve } from "./serve.mjs";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const ROOM = "general";
const TICK_MS = 20;
/** Until the first frames are compiled, which come once. */
const WARM_UP_SECONDS = 3;

const { values } = parseArgs({
  options: {
    rate: { type: "string", default: "1000" },
    seconds: { type: "string", default: "20" },
    size: { type: "string", default: "140x40" },
    inside: { type: "string" },
    out: { type: "string" },
  },
});

/** The client itself, in the terminal; writes down each frame's time. */
async function inside(port, out) {
  process.env.NODE_ENV = "production";
  const { runTui } = await import(pathToFileURL(`${dist}tui/run-tui.js`).href);
  const frames = [];
  const begin = performance.now();
  const lag = [];
  let due = performance.now() + TICK_MS;
  setInterval(() => {
    lag.push(Math.max(0, performance.now() - due));
    due = performance.now() + TICK_MS;
  }, TICK_MS).unref();
  await runTui({
    ...{ server: `127.0.0.1:${port}`, token: "", isTls: false, connectNow: true, startRoom: ROOM, hasColor: true },
    ...{ keeper: undefined, input: process.stdin, output: process.stdout },
    onFrame: (ms) => frames.push([performance.now() - begin, ms]),
  });
  const { heapUsed, rss } = process.memoryUsage();
  const cpu = process.cpuUsage();
  writeFileSync(
    out,
    JSON.stringify({
      frames,
      lag,
      heapUsed,
      rss,
      cpuMs: (cpu.user + cpu.system) / 1000,
      ranMs: performance.now() - begin,
    }),
  );
}

const at = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;

/** Waits until `look` gives something. */
async function until(what, look) {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > deadline) throw new Error(`waited too long for ${what}`);
    await delay(50);
  }
}

/** Says so many messages a second until it is stopped; gives back how many it said. */
function talk(port, rate) {
  const socket = connect({ host: "127.0.0.1", port });
  let number = 0;
  socket.resume();
  socket.write(`${JSON.stringify({ _ct: "join_room", r: ROOM })}\n`);
  const begin = performance.now();
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - begin) / 1000) * rate);
    let text = "";
    for (; number < due; number += 1) {
      const c = `message ${number}: the quick brown fox jumps over the lazy dog, ${"and again ".repeat(number % 12)}`;
      text += `${JSON.stringify({ _ct: "send_message", r: ROOM, c })}\n`;
    }
    if (text !== "") socket.write(text);
  }, TICK_MS);
  return () => {
    clearInterval(timer);
    socket.destroy();
    return number;
  };
}

async function measure() {
  const folder = mkdtempSync(join(tmpdir(), "verbatim-tui-figures-"));
  const out = join(folder, "frames.json");
  const name = `verbatim-figures-${process.pid}`;
  const tmux = (...args) => spawnSync("tmux", ["-L", name, "-f", "/dev/null", ...args], { encoding: "utf8" });
  const { child: server, tcp } = await serve(join(folder, "data"));
  try {
    const port = Number(tcp.split(":").at(-1));
    const [columns, rows] = values.size.split("x");
    const self = fileURLToPath(import.meta.url);
    const started = tmux(
      ...["new-session", "-d", "-x", columns, "-y", rows, "-s", "a"],
      `${process.execPath} ${self} --inside ${port} --out ${out} 2>${folder}/stderr; cat ${folder}/stderr; sleep 60`,
    );
    if (started.status !== 0) throw new Error(`tmux: ${started.stderr ?? started.error}`);
    tmux("set", "-g", "status", "off");
    await until("the client", () => tmux("capture-pane", "-p", "-t", "a").stdout.includes("online"));
    const stop = talk(port, Number(values.rate));
    await delay((Number(values.seconds) + WARM_UP_SECONDS) * 1000);
    const count = stop();
    tmux("send-keys", "-t", "a", "C-c");
    const text = await until("the figures", () => {
      try {
        return JSON.parse(readFileSync(out, "utf8"));
      } catch {
        return undefined;
      }
    });
    report(text, count);
  } finally {
    tmux("kill-server");
    server.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

function report({ frames, lag, heapUsed, rss, cpuMs, ranMs }, count) {
  const warm = frames.filter(([when]) => when > WARM_UP_SECONDS * 1000).map(([, ms]) => ms);
  const sorted = warm.sort((one, other) => one - other);
  const late = lag.slice(Math.ceil((WARM_UP_SECONDS * 1000) / TICK_MS)).sort((one, other) => one - other);
  const figure = (ms) => `${ms.toFixed(1)} ms`;
  console.log(`${count} messages at ${values.rate} a second, ${values.size}: ${sorted.length} frames`);
  console.log(
    `time per frame: p50 ${figure(at(sorted, 0.5))}, p99 ${figure(at(sorted, 0.99))}, longest ${figure(sorted.at(-1))}`,
  );
  console.log(
    `a key waits: p50 ${figure(at(late, 0.5))}, p99 ${figure(at(late, 0.99))}, longest ${figure(late.at(-1))}`,
  );
  console.log(
    `one core: ${Math.round((100 * cpuMs) / ranMs)} %; heap ${Math.round(heapUsed / 1e6)} MB, resident ${Math.round(rss / 1e6)} MB`,
  );
}

if (values.inside === undefined) await measure();
else await inside(values.inside, values.out);
