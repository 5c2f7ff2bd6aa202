/**
 * The web client's views: the whole page, as a function of the state.
 */
import type { App } from "../app.ts";
import { AppContext } from "./context.ts";
import { Door } from "./door.tsx";
import { Shell } from "./shell.tsx";

/** The page. */
export function AppView({ app }: { readonly app: App }) {
  return (
    <AppContext.Provider value={app}>{app.store.me.value === undefined ? <Door /> : <Shell />}</AppContext.Provider>
  );
}
