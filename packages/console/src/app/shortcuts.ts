/** In charge of keys that work on every page. Keys that a field is being filled with are the field's. */
import { signal } from "@preact/signals";
import { current } from "./current-page.tsx";
import { pages, pathIn } from "./pages.ts";
import { navigate } from "./router.ts";

export const paletteOpen = signal(false);
export const helpOpen = signal(false);

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

let waitsForPage = false;

function goTo(key: string): boolean {
  const db = current.peek()?.params.db;
  const page = pages.find((one) => one.key === key && (one.group === "machine" || db !== undefined));
  if (!page) return false;
  navigate(page.group === "database" ? pathIn(page, db!) : page.path);
  return true;
}

function onKey(event: KeyboardEvent): void {
  if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    paletteOpen.value = !paletteOpen.peek();
    return;
  }
  if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  if (waitsForPage) {
    waitsForPage = false;
    if (goTo(event.key)) event.preventDefault();
    return;
  }
  if (event.key === "g") {
    waitsForPage = true;
    window.setTimeout(() => {
      waitsForPage = false;
    }, 1_200);
  } else if (event.key === "?") {
    helpOpen.value = true;
  } else if (event.key === "/") {
    const search = document.querySelector<HTMLInputElement>("input[type=search]");
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  }
}

export function startShortcuts(): void {
  document.addEventListener("keydown", onKey);
}
