/** In charge of the menu at the side: the machine's pages, those of the database that is looked at, and who is signed in. */
import type { DatabaseInfo } from "@postern/sdk/protocol";
import { toneOf } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { session } from "./api.ts";
import { current } from "./current-page.tsx";
import { databasePath } from "./database-frame.tsx";
import { type PageSpec, pages, pathIn } from "./pages.ts";
import { useResource } from "./resource.ts";
import { href } from "./router.ts";
import { signOut } from "./session.ts";
import { paletteOpen } from "./shortcuts.ts";
import { nextTheme, theme } from "./theme.ts";

export function Menu({ onClose }: { onClose: () => void }) {
  const db = current.value?.params.db;
  return (
    <>
      <button type="button" class="menu-shade" aria-label="Close the menu" tabIndex={-1} onClick={onClose} />
      <nav class="menu" aria-label="Pages">
        <a class="brand" href={href("/")}>
          <Gate />
          Postern
        </a>
        <MenuPart title="Machine" group="machine" />
        {db !== undefined && (
          <>
            <DatabaseSwitch reference={db} />
            <MenuPart title="Database" group="database" db={db} />
          </>
        )}
        <Foot />
      </nav>
    </>
  );
}

/** A small door in a wall. */
const Gate = () => (
  <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true" class="gate">
    <rect width="32" height="32" rx="8" fill="currentColor" />
    <path
      d="M8 27V15a8 8 0 0 1 16 0v12"
      fill="none"
      stroke="var(--on-accent)"
      stroke-width="2.6"
      stroke-linecap="round"
    />
    <path d="M13 27V16a3 3 0 0 1 6 0v11z" fill="var(--on-accent)" />
  </svg>
);

function MenuPart({ title, group, db }: { title: string; group: PageSpec["group"]; db?: string }) {
  const page = current.value?.page;
  const shown = page?.within ?? page?.id;
  return (
    <ul class="menu-part" aria-label={title}>
      {pages
        .filter((page) => page.group === group)
        .map((page) => (
          <li key={page.id}>
            <a
              class="menu-link"
              href={href(db === undefined ? page.path : pathIn(page, db))}
              aria-current={shown === page.id ? "page" : undefined}
            >
              <Icon name={page.icon} />
              {page.title}
            </a>
          </li>
        ))}
    </ul>
  );
}

function DatabaseSwitch({ reference }: { reference: string }) {
  const { state } = useResource<DatabaseInfo>(databasePath(reference));
  const database = state.value.value;
  return (
    <button
      type="button"
      class="database-switch"
      onClick={() => {
        paletteOpen.value = true;
      }}
    >
      <span class={`switch-dot tone-${toneOf(database?.status ?? "")}`} />
      <span class="database-switch-name">{database?.name ?? reference}</span>
      <span class="hidden-text">, switch to another</span>
      <Icon name="chevron-down" />
    </button>
  );
}

const themeIcons = { system: "monitor", light: "sun", dark: "moon" } as const;

function Foot() {
  const account = session.value?.account;
  return (
    <div class="menu-foot">
      <div class="menu-account">
        <span class="menu-account-name">{account?.username}</span>
        <span class="muted small">{account?.role === "admin" ? "administrator" : "member"}</span>
      </div>
      <Button
        kind="quiet"
        icon={themeIcons[theme.value]}
        label={`Colours: ${theme.value}`}
        onClick={() => {
          theme.value = nextTheme[theme.peek()];
        }}
      />
      <Button kind="quiet" icon="log-out" label="Sign out" onClick={() => void signOut()} />
    </div>
  );
}
