/** In charge of the palette (⌘K): pages and databases by a few letters of their names. */
import type { DatabaseInfo } from "@postern/sdk/protocol";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "../ui/icon.tsx";
import { current } from "./current-page.tsx";
import { databasePath } from "./database-frame.tsx";
import { pages, pathIn } from "./pages.ts";
import { useResource } from "./resource.ts";
import { navigate } from "./router.ts";
import { setUnlocked, signOut, unlocked } from "./session.ts";
import { helpOpen, paletteOpen } from "./shortcuts.ts";
import { nextTheme, theme } from "./theme.ts";

interface Choice {
  id: string;
  text: string;
  more: string;
  icon: IconName;
  choose: () => void;
}

function pageChoices(db: string | undefined, name: string | undefined): Choice[] {
  return pages
    .filter(({ group }) => group === "machine" || (group === "database" && db !== undefined))
    .map((page) => ({
      id: page.id,
      text: page.title,
      more: page.group === "database" ? (name ?? db!) : "",
      icon: page.icon,
      choose: () => navigate(page.group === "database" ? pathIn(page, db!) : page.path),
    }))
    .sort((a, b) => Number(b.more !== "") - Number(a.more !== ""));
}

const otherChoices = (): Choice[] => [
  {
    id: "lock",
    text: unlocked.value ? "Lock changes" : "Unlock changes",
    more: "",
    icon: unlocked.value ? "lock" : "lock-open",
    choose: () => void setUnlocked(!unlocked.peek()),
  },
  {
    id: "theme",
    text: `Colours: ${nextTheme[theme.value]}`,
    more: "",
    icon: "sun",
    choose: () => {
      theme.value = nextTheme[theme.peek()];
    },
  },
  {
    id: "help",
    text: "Keys",
    more: "?",
    icon: "keyboard",
    choose: () => {
      helpOpen.value = true;
    },
  },
  { id: "out", text: "Sign out", more: "", icon: "log-out", choose: () => void signOut() },
];

/** Open before the next key: what is typed right behind ⌘K is for the palette. */
function useModal(dialog: RefObject<HTMLDialogElement | null>): void {
  useLayoutEffect(() => {
    const element = dialog.current;
    const before = document.activeElement as HTMLElement | null;
    element?.showModal();
    return () => {
      // While it is open, what lies behind it takes no focus.
      element?.close();
      before?.focus?.();
    };
  }, [dialog]);
}

export function Palette() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  /** Was Enter pressed before the answer came? */
  const [isDue, setDue] = useState(false);
  const found = useResource<DatabaseInfo[]>(`/databases?limit=8&search=${encodeURIComponent(text.trim())}`);
  const db = current.value?.params.db;
  const shown = useResource<DatabaseInfo>(db === undefined ? null : databasePath(db));
  const close = () => {
    paletteOpen.value = false;
  };
  useModal(dialog);
  const wanted = text.trim().toLowerCase();
  const matches = (choice: Choice) => choice.text.toLowerCase().includes(wanted);
  const databases = (found.state.value.value ?? []).map(
    (database): Choice => ({
      id: database.id,
      text: database.name,
      more: database.id,
      icon: "database",
      choose: () => navigate(`/db/${database.id}`),
    }),
  );
  const choices = [
    ...pageChoices(db, shown.state.value.value?.name).filter(matches),
    ...databases,
    ...otherChoices().filter(matches),
  ];
  const chosen = Math.min(at, choices.length - 1);
  const choose = (choice: Choice | undefined) => {
    if (!choice) return;
    close();
    choice.choose();
  };
  useEffect(() => {
    if (!isDue || found.state.value.loading) return;
    setDue(false);
    choose(choices[0]);
  });
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setAt((chosen + 1) % Math.max(1, choices.length));
    else if (event.key === "ArrowUp") setAt((chosen - 1 + choices.length) % Math.max(1, choices.length));
    else if (event.key === "Enter" && choices[chosen]) choose(choices[chosen]);
    else if (event.key === "Enter") setDue(found.state.peek().loading);
    else return;
    event.preventDefault();
  };
  return (
    <dialog
      ref={dialog}
      class="palette"
      aria-label="Go to"
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onMouseDown={(event) => event.target === dialog.current && close()}
    >
      <div class="palette-box">
        <div class="palette-input">
          <Icon name="search" />
          <input
            value={text}
            placeholder="Go to a page or a database"
            aria-label="Go to a page or a database"
            role="combobox"
            aria-expanded={true}
            aria-controls="palette-choices"
            aria-activedescendant={choices[chosen] && `choice-${choices[chosen].id}`}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => {
              setText(event.currentTarget.value);
              setAt(0);
              setDue(false);
            }}
            onKeyDown={onKey}
          />
          <kbd>Esc</kbd>
        </div>
        <div class="palette-choices" id="palette-choices" role="listbox" aria-label="Choices">
          {choices.map((choice, index) => (
            <div
              key={choice.id}
              id={`choice-${choice.id}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === chosen}
              class="palette-choice"
              onMouseMove={() => setAt(index)}
              onClick={() => choose(choice)}
              onKeyDown={onKey}
            >
              <Icon name={choice.icon} />
              <span>{choice.text}</span>
              <span class="palette-more">{choice.more}</span>
            </div>
          ))}
          {choices.length === 0 && <p class="palette-none">Nothing is called that.</p>}
        </div>
      </div>
    </dialog>
  );
}
