/**
 * The web client: where it begins. Takes the place of the plain page that it came with; should it fail to, that page is
 * shown as if there were no script.
 */
import { effect } from "@preact/signals";
import { render } from "preact";
import { HttpApi } from "../sdk/index.ts";
import { keepTheme } from "./actions/theme.ts";
import { App } from "./app.ts";
import { routeOf } from "./model/route.ts";
import { pageTitle } from "./model/words.ts";
import { announceClient, giveBack, readPageFacts, takeInvite, takeOver } from "./page.ts";
import { Store } from "./store.ts";
import "./styles/base.css";
import "./styles/frame.css";
import "./styles/parts.css";
import { AppView } from "./views/app-view.tsx";

const MINUTE_MS = 60_000;

/** Starts it all. */
function start(): void {
  const store = new Store(
    readPageFacts(document.documentElement, takeInvite(window)),
    routeOf(location.pathname),
    Date.now(),
  );
  keepTheme(store);
  const app = new App(store, new HttpApi({ base: "" }));
  app.start();
  render(<AppView app={app} />, takeOver(document));
  announceClient(document);
  setInterval(() => {
    store.now.value = Date.now();
  }, MINUTE_MS);
  effect(() => {
    document.title = pageTitle(store.unread.value, store.open.value?.title ?? "");
  });
}

try {
  start();
} catch (error) {
  giveBack(document);
  // Into the browser's own log, for whoever looks why.
  reportError(error);
}
