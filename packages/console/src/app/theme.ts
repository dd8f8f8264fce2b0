/** In charge of light and dark: as the system has it, unless the person chose. */
import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const key = "postern-theme";

function readTheme(): Theme {
  try {
    const kept = localStorage.getItem(key);
    return kept === "light" || kept === "dark" ? kept : "system";
  } catch {
    return "system";
  }
}

export const theme = signal<Theme>(readTheme());

export function startTheme(): void {
  effect(() => {
    const { dataset } = document.documentElement;
    if (theme.value === "system") delete dataset.theme;
    else dataset.theme = theme.value;
    try {
      if (theme.value === "system") localStorage.removeItem(key);
      else localStorage.setItem(key, theme.value);
    } catch {
      // No storage: it holds until the page is left.
    }
  });
}

export const nextTheme: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
