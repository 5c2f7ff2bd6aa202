/**
 * The web client's actions: light, dark, or as the system has it.
 */
import { effect } from "@preact/signals";
import type { Store, Theme } from "../store.ts";
import { onSetting, readSetting, writeSetting } from "./settings.ts";

const SETTING = "theme";

const asTheme = (text: string | undefined): Theme => (text === "light" || text === "dark" ? text : "system");

/** Shows the theme that was chosen here or in another tab. */
export function keepTheme(store: Store): void {
  store.theme.value = asTheme(readSetting(SETTING));
  onSetting(SETTING, (text) => {
    store.theme.value = asTheme(text);
  });
  effect(() => {
    document.documentElement.dataset["theme"] = store.theme.value;
  });
}

/** Chooses one. */
export function chooseTheme(store: Store, theme: Theme): void {
  store.theme.value = theme;
  writeSetting(SETTING, theme);
}
