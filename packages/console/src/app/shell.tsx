/** In charge of what surrounds every page: the menu, the lock, the tray of work under way, and what opens over them. */
import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { online, session } from "./api.ts";
import { unlockWanted } from "./change.tsx";
import { CurrentPage, current } from "./current-page.tsx";
import { KeyHelp } from "./key-help.tsx";
import { Menu } from "./menu.tsx";
import { useOperationStream } from "./operation-stream.ts";
import { Palette } from "./palette.tsx";
import { place } from "./router.ts";
import { setUnlocked, unlocked } from "./session.ts";
import { helpOpen, paletteOpen } from "./shortcuts.ts";
import { Tray } from "./tray.tsx";
import { UnlockDialog } from "./unlock-dialog.tsx";

/** On narrow screens the menu lies over the page. */
const menuOpen = signal(false);
effect(() => {
  void place.value;
  menuOpen.value = false;
});

export function Shell() {
  useFocusOnTitle();
  useOperationStream();
  return (
    <div class={`shell ${menuOpen.value ? "shell-menu-open" : ""}`}>
      <button type="button" class="skip" onClick={skipToContent}>
        Skip to the content
      </button>
      <Menu
        onClose={() => {
          menuOpen.value = false;
        }}
      />
      <div class="main">
        <TopBar />
        {!online.value && (
          <div class="offline" role="status">
            <Icon name="wifi-off" /> Postern does not answer. What you see may be old; this page tries again
            by itself.
          </div>
        )}
        <main id="content" tabIndex={-1}>
          <CurrentPage />
        </main>
      </div>
      <Tray />
      {paletteOpen.value && <Palette />}
      {helpOpen.value && <KeyHelp />}
      {unlockWanted.value && <UnlockDialog answer={unlockWanted.value} />}
    </div>
  );
}

function skipToContent(): void {
  document.getElementById("content")?.focus();
}

/** Whoever reads with the ears hears which page came. */
function useFocusOnTitle(): void {
  const path = place.value.path;
  const isFirst = useRef(true);
  useEffect(() => {
    if (isFirst.current) {
      isFirst.current = false;
      return;
    }
    document.getElementById("content")?.focus({ preventScroll: true });
  }, [path]);
}

function TopBar() {
  const shown = current.value;
  return (
    <div class="top-bar">
      <Button
        class="menu-button"
        kind="quiet"
        icon="menu"
        label="Menu"
        aria-expanded={menuOpen.value}
        onClick={() => {
          menuOpen.value = !menuOpen.peek();
        }}
      />
      <span class="top-bar-title">{shown?.page.title}</span>
      <div class="top-bar-end">
        <button
          type="button"
          class="search-button"
          onClick={() => {
            paletteOpen.value = true;
          }}
        >
          <Icon name="search" />
          <span>Go to…</span>
          <kbd>⌘K</kbd>
        </button>
        <LockButton />
      </div>
    </div>
  );
}

function LockButton() {
  const open = unlocked.value;
  const until = session.value?.unlocked_until;
  const minutes = until ? Math.max(1, Math.ceil((Date.parse(until) - Date.now()) / 60_000)) : 0;
  return (
    <button
      type="button"
      class={`lock-button ${open ? "lock-button-open" : ""}`}
      aria-pressed={open}
      title={open ? "Changes are possible. Click to lock." : "Nothing can be changed. Click to unlock."}
      onClick={() => {
        if (open) void setUnlocked(false);
        else
          unlockWanted.value = () => {
            unlockWanted.value = null;
          };
      }}
    >
      <Icon name={open ? "lock-open" : "lock"} />
      <span class="nowrap">
        {open ? (
          <>
            <span class="lock-button-more">Changes on · </span>
            {minutes} min
          </>
        ) : (
          "Read-only"
        )}
      </span>
    </button>
  );
}
