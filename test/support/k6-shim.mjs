/**
 * Test support: a k6 of a hundred lines, so that a k6 script can be replayed where there is no k6. Each person has the
 * script to themselves as k6's virtual users do; a request blocks until its answer is there. It knows the scenarios
 * `listen` and `post` of this project's script only, and paces nothing.
 * `node k6-shim.mjs SCRIPT POSTS`; settings by environment; prints what was counted as one line of JSON; exit code 99
 * where a threshold is not met, as k6 has it.
 */
import { readFileSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { isMainThread, MessageChannel, receiveMessageOnPort, Worker, workerData } from "node:worker_threads";
import { WebSocket } from "ws";

const ANSWER_WITHIN_MS = 20_000;

/** The thread that makes requests for one that waits for them. */
function serveRequests({ port, signal }) {
  port.on("message", async ({ url, ...request }) => {
    const answer = await fetch(url, { method: "POST", ...request }).then(
      async (response) => ({ status: response.status, body: await response.text() }),
      () => ({ status: 0, body: "" }),
    );
    port.postMessage(answer);
    Atomics.store(signal, 0, 1);
    Atomics.notify(signal, 0);
  });
}

/** `k6/http`: what of it the script uses. */
function httpModule() {
  const { port1: port, port2 } = new MessageChannel();
  const signal = new Int32Array(new SharedArrayBuffer(4));
  new Worker(new URL(import.meta.url), { workerData: { port: port2, signal }, transferList: [port2] }).unref();
  return {
    post(url, form, { headers = {}, redirects = 10 } = {}) {
      const typed = typeof form === "string" ? {} : { "content-type": "application/x-www-form-urlencoded" };
      const body = typeof form === "string" ? form : String(new URLSearchParams(form));
      Atomics.store(signal, 0, 0);
      port.postMessage({
        url,
        body,
        headers: { ...typed, ...headers },
        redirect: redirects === 0 ? "manual" : "follow",
      });
      if (Atomics.wait(signal, 0, 0, ANSWER_WITHIN_MS) === "timed-out") throw new Error(`${url} has no answer`);
      const answer = receiveMessageOnPort(port).message;
      return { ...answer, json: (field) => JSON.parse(answer.body)[field] };
    },
  };
}

/**
 * `k6/ws`; `opened` and `closed` gather what a virtual user of k6 would stand still for. Intervals begin once all was
 * posted: until then this thread waits for answers, and whoever looks for silence would see its own.
 */
function wsModule(opened, closed, posted) {
  return {
    connect(url, _params, begin) {
      const socket = new WebSocket(url);
      const timers = [];
      const on = {
        message: (tell) => socket.on("message", (data) => tell(String(data))),
        error: (tell) => socket.on("error", (error) => tell({ error: () => error.message })),
        close: (tell) => socket.on("close", tell),
      };
      opened.push(new Promise((resolve) => socket.once("open", resolve).once("error", resolve)));
      closed.push(new Promise((resolve) => socket.once("close", resolve)));
      socket.once("close", () => timers.forEach(clearInterval));
      const startInterval = (act, ms) => socket.readyState < WebSocket.CLOSING && timers.push(setInterval(act, ms));
      begin({
        on: (event, tell) => on[event](tell),
        setInterval: (act, ms) => void posted.then(() => startInterval(act, ms)),
        close: () => socket.close(),
      });
    },
  };
}

async function run(path, posts) {
  // Not for the thread that makes requests: it is large.
  const { default: ts } = await import("typescript");
  const source = readFileSync(path, "utf8");
  const { outputText, diagnostics } = ts.transpileModule(source, {
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      allowJs: true,
      esModuleInterop: true,
    },
    fileName: "script.js",
    reportDiagnostics: true,
  });
  if (diagnostics.length > 0) throw new Error(ts.formatDiagnostics(diagnostics, ts.createCompilerHost({})));

  const counts = {};
  const opened = [];
  const closed = [];
  const metric = class {
    constructor(name) {
      this.name = name;
    }
    add(value) {
      counts[this.name] = (counts[this.name] ?? 0) + value;
    }
  };
  const http = httpModule();
  let allPosted = () => undefined;
  const posted = new Promise((resolve) => {
    allPosted = resolve;
  });
  const ws = wsModule(opened, closed, posted);
  // Long ago: the time for posts is over as soon as nothing comes any more.
  const scenario = { startTime: 0 };
  /** The script as virtual user `id` has it. */
  const load = (id) => {
    const execution = { vu: { idInTest: id, iterationInScenario: 0 }, scenario };
    const named = { Counter: metric, Trend: metric };
    const modules = { "k6/http": http, "k6/ws": ws, "k6/execution": execution, "k6/metrics": named };
    const script = { exports: {} };
    const require = (name) => (name === "k6/metrics" ? named : { __esModule: true, default: modules[name] });
    new Function("exports", "require", "__ENV", outputText)(script.exports, require, process.env);
    return { script: script.exports, execution };
  };

  const { options, setup } = load(0).script;
  const world = JSON.parse(JSON.stringify(setup()));
  const { listeners, posts: posting } = options.scenarios;
  for (let id = 1; id <= listeners.vus; id++) load(id).script[listeners.exec](world);
  await Promise.all(opened);
  const posters = Array.from({ length: posting.preAllocatedVUs }, (_, index) => load(listeners.vus + 1 + index));
  for (let number = 0; number < posts; number++) {
    const { script, execution } = posters[number % posters.length];
    script[posting.exec](world);
    execution.vu.iterationInScenario += 1;
    await turn();
  }
  allPosted();
  await Promise.all(closed);
  const missed = Object.entries(options.thresholds).flatMap(([name, rules]) =>
    rules.filter((rule) => !new Function("count", `return ${rule}`)(counts[name])).map((rule) => `${name}: ${rule}`),
  );
  console.log(JSON.stringify({ counts, missed }));
  process.exit(missed.length === 0 ? 0 : 99);
}

if (isMainThread) await run(process.argv[2], Number(process.argv[3]));
else serveRequests(workerData);
