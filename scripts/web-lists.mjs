/**
 * Figures of the web client's list, for `web-figures.mjs`, which hands in its tools: as many chats as one may have, and all
 * public rooms at once.
 */
import { setTimeout as delay } from "node:timers/promises";

/** Frames and tasks over 50 ms, from the beginning of a page or from here on. */
function watchFrames() {
  const pace = { frames: [], long: [] };
  window.pace = pace;
  let last;
  const frame = (now) => {
    if (last !== undefined) pace.frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) pace.long.push(duration);
  }).observe({ type: "longtask" });
}

/** What was seen since it was looked at last. */
const paceOf = (page) =>
  page.evaluate(() => {
    const { frames, long } = window.pace;
    return { frames: frames.splice(0), long: long.splice(0) };
  });

const tellPace = ({ told, ms }, what, { frames, long }) =>
  told(
    `${what}: frames over 50 ms`,
    `${frames.filter((each) => each > 50).length} of ${frames.length}`,
    `longest ${ms(Math.max(...frames))}; tasks over 50 ms: ${long.map((each) => each.toFixed(0)).join(" ") || "none"}`,
  );

/** Somebody with as many chats as one may have, each with a message. */
export async function measureList(tools, browser, { origin }) {
  const { ask, chats, ms, openPage, quantile, textOf, told } = tools;
  const ids = [];
  for (const username of ["Collector", "Founder"])
    ids.push((await ask(origin, "/users", undefined, { username })).user_id);
  const [collector, founder] = ids;
  const make = async (number) => {
    const { chat_id } = await ask(origin, "/chats", founder, { name: `Chat ${number}`, members: [collector] });
    await ask(origin, `/chats/${chat_id}/messages`, founder, { content: textOf(number) });
  };
  for (let made = 0; made < chats; made += 20) {
    await Promise.all(Array.from({ length: Math.min(20, chats - made) }, (_, index) => make(made + index)));
  }
  const paints = [];
  const shown = [];
  for (let visit = 0; visit < 5; visit++) {
    const { context, page } = await openPage(browser, origin, collector);
    await page.addInitScript(watchFrames);
    await page.goto("/dashboard");
    await page.locator(".row-snippet").nth(8).waitFor();
    const figures = await page.evaluate(() => ({
      paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN,
      now: performance.now(),
    }));
    paints.push(figures.paint);
    shown.push(figures.now);
    if (visit === 4) await walkList(tools, page);
    await context.close();
  }
  told(`first paint with ${chats} chats, median of 5`, ms(quantile(paints, 0.5)), `slowest ${ms(Math.max(...paints))}`);
  told("the list stands there, median", ms(quantile(shown, 0.5)), `slowest ${ms(Math.max(...shown))}`);
}

/** Scrolls a list to its end and back, and filters it. */
async function walkList(tools, page) {
  const { chats, ms } = tools;
  await delay(3000);
  tellPace(tools, `a list of ${chats} chats comes`, await paceOf(page));
  await page.locator(".side-list").hover();
  for (const way of [600, -600]) {
    for (let wheel = 0; wheel < (chats * 60) / 600 + 10; wheel++) {
      await page.mouse.wheel(0, way);
      await delay(16);
    }
  }
  await delay(500);
  tellPace(tools, "it is scrolled to its end and back", await paceOf(page));
  const field = page.getByRole("searchbox");
  const began = performance.now();
  await field.pressSequentially("chat 77");
  await page.waitForFunction(() => document.querySelectorAll(".row").length < 15, undefined, { polling: "raf" });
  const took = performance.now() - began;
  tellPace(tools, `"chat 77" is typed into the filter (${ms(took)} in all)`, await paceOf(page));
}

/** All public rooms in the list, everybody talking in them, and somebody who reads one and types. */
export async function measureRooms(tools, browser, { origin, tcpPort }) {
  const { ask, ms, openPage, quantile, rate, seconds, talk, told, watchPage } = tools;
  const { user_id } = await ask(origin, "/users", undefined, { username: "Regular" });
  const { context, page } = await openPage(browser, origin, user_id);
  const rooms = await (await fetch(`${origin}/rooms`, { headers: { cookie: `user_id=${user_id}` } })).json();
  const names = rooms.map(({ name }) => name);
  // As one who has looked into all of them.
  const visited = [`verbatim.visited.${user_id}`, JSON.stringify(names)];
  await page.addInitScript(([key, value]) => localStorage.setItem(key, value), visited);
  await page.goto(`/ui/chats/${names[0]}`);
  await page.getByRole("textbox", { name: /^Message / }).waitFor();
  await page.evaluate(watchPage);
  await page.evaluate(watchFrames);
  const field = page.getByRole("textbox", { name: /^Message / });
  await field.focus();
  const talking = names.map((room) =>
    talk(tcpPort, room, Math.ceil((rate * seconds) / names.length), rate / names.length),
  );
  const until = performance.now() + seconds * 1000 - 500;
  await delay(500);
  await paceOf(page);
  while (performance.now() < until) {
    await field.press("a");
    await delay(40);
  }
  const pace = await paceOf(page);
  await Promise.all(talking);
  const { delays } = await page.evaluate(() => window.figures);
  const busy = await page.locator(".row-time").count();
  const what = `${names.length} rooms in the list, ${rate} messages a second in all`;
  told(`${what}: typing delay p99`, ms(quantile(delays, 0.99)), `${delays.length} keys; ${busy} rooms followed`);
  tellPace(tools, what, pace);
  await context.close();
}
