/**
 * The web client's views: how it stands with the connection and the server, across the top of the page.
 */
import { useEffect, useState } from "preact/hooks";
import { sentence } from "../model/words.ts";
import { useApp } from "./context.ts";

/** All that is to be said there. */
export function Banners() {
  const app = useApp();
  const { facts, isOpenNoted } = app.store;
  return (
    <div class="banners">
      {facts.isExposed && (
        <p class="banner warn">
          This server is open to others, and a name is enough: anybody who reaches it can read and write everything.
        </p>
      )}
      {facts.auth === "open" && !facts.isExposed && !isOpenNoted.value && (
        <p class="banner quiet">
          <span>This server is open: a name is enough, so anybody can be anybody.</span>
          <button type="button" class="link" onClick={() => app.noteOpen()}>
            I know
          </button>
        </p>
      )}
      <Connection />
    </div>
  );
}

/**
 * The one place that says that the connection is lost, until when it waits, and that nothing is lost with it. The words
 * and the button stay through all attempts: neither is read aloud twice, nor loses the keyboard.
 */
function Connection() {
  const app = useApp();
  const { connection, wasOnline } = app.store;
  const state = connection.value;
  // Attempts count from 1 again after each that was online, so the first of them is no beginning.
  const isAgain = state.type === "connecting" && (wasOnline.value || state.attempt > 1);
  const isShown = isAgain || state.type === "waiting" || state.type === "ended";
  const tryNow = (): void => {
    if (state.type === "ended") app.client.value?.connect();
    else app.client.value?.retryNow();
  };
  return (
    <div role="status" class="banner-slot">
      {isShown && (
        <div class="banner lost">
          <span class="pulse" aria-hidden="true" />
          {state.type === "ended" ? (
            <span>Not connected: {sentence(state.reason.text)} What you write is kept.</span>
          ) : (
            <span>
              Offline, reconnecting
              {state.type === "waiting" ? <Countdown key={state.retryAt} until={state.retryAt} /> : <Soon />}{" "}
              <span class="kept">What you write is kept and sent then.</span>
            </span>
          )}
          <button type="button" class="link" onClick={tryNow}>
            Try now
          </button>
        </div>
      )}
    </div>
  );
}

const Soon = () => <span aria-hidden="true">…</span>;

/** The seconds to a time, for the eye alone: read aloud each second it would be a nuisance. */
function Countdown({ until }: { readonly until: number }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.ceil((until - now) / 1000));
  return seconds > 0 ? <span aria-hidden="true"> {`in\u00a0${seconds}\u00a0s.`}</span> : <Soon />;
}

/** A note for a while, or an error until it is closed. */
export function Toast() {
  const app = useApp();
  const { value: toast } = app.store.toast;
  return (
    <div class="toasts" role={toast?.isError === true ? "alert" : "status"}>
      {toast !== undefined && (
        <div class={toast.isError ? "toast is-error" : "toast"}>
          <p>{toast.text}</p>
          <button type="button" class="link" onClick={() => app.say("")}>
            Close
          </button>
        </div>
      )}
    </div>
  );
}
