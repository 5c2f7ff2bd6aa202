/**
 * The web client's views: how they get at the state and at what can be done.
 */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { App } from "../app.ts";

/** Holds the client that is running. */
export const AppContext = createContext<App | undefined>(undefined);

/** The client that a view belongs to. */
export function useApp(): App {
  const app = useContext(AppContext);
  if (app === undefined) throw new Error("a view stands within the client");
  return app;
}
