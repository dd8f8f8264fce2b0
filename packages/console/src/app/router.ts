/** In charge of addresses: which page is shown, its parameters, links without loading the page again, and the back button. */
import { computed, signal } from "@preact/signals";

export const base = "/console";

interface Place {
  path: string;
  search: string;
}

const read = (): Place => ({
  path: window.location.pathname.slice(base.length) || "/",
  search: window.location.search,
});

export const place = signal<Place>(read());
export const searchParams = computed(() => new URLSearchParams(place.value.search));

/** The address of a page, for a link. */
export const href = (path: string): string => base + path;

export function navigate(path: string, { replace = false } = {}): void {
  const target = href(path);
  if (target === window.location.pathname + window.location.search) return;
  window.history[replace ? "replaceState" : "pushState"](null, "", target);
  const before = place.peek().path;
  place.value = read();
  if (before !== place.peek().path) window.scrollTo(0, 0);
}

/** Changes what the address says after the `?`; an empty value leaves it out. */
export function setSearch(changes: Record<string, string | null>, { replace = true } = {}): void {
  const params = new URLSearchParams(place.peek().search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") params.delete(name);
    else params.set(name, value);
  }
  const text = params.toString();
  navigate(place.peek().path + (text === "" ? "" : `?${text}`), { replace });
}

/** The parameters, when the path is of the pattern: `/db/:db/backups`. */
export function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split("/");
  const given = path.replace(/\/+$/, "").split("/");
  if (pattern === "/") return path === "/" || path === "" ? {} : undefined;
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    if (part.startsWith(":")) params[part.slice(1)] = decodeSafely(given[at]!);
    else if (part !== given[at]) return undefined;
  }
  return params;
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Clicks on links to the console's own pages stay in this page, unless the person wants a tab of its own. */
function followLink(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest?.("a");
  if (!link || link.target || link.hasAttribute("download") || link.origin !== window.location.origin) return;
  if (!link.pathname.startsWith(`${base}/`) || link.pathname.startsWith(`${base}/v1/`)) return;
  event.preventDefault();
  navigate(link.pathname.slice(base.length) + link.search);
}

export function startRouter(): void {
  window.addEventListener("popstate", () => {
    place.value = read();
  });
  document.addEventListener("click", followLink);
}
