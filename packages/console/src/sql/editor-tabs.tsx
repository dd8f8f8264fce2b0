/** In charge of the editor's tabs, and of what was run before. */
import { useState } from "preact/hooks";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Icon } from "../ui/icon.tsx";
import { Time } from "../ui/text.tsx";
import { type EditorMemory, newTab } from "./editor-memory.ts";

export function Tabs({
  memory,
  onChange,
}: {
  memory: EditorMemory;
  onChange: (memory: EditorMemory) => void;
}) {
  const close = (id: string) => {
    const left = memory.tabs.filter((tab) => tab.id !== id);
    const tabs = left.length > 0 ? left : [newTab(1)];
    onChange({ ...memory, tabs, current: memory.current === id ? tabs.at(-1)!.id : memory.current });
  };
  return (
    <div class="sql-tabs">
      {memory.tabs.map(({ id, title, text }) => (
        <span class="sql-tab-frame" key={id} data-current={id === memory.current || undefined}>
          <button
            type="button"
            class="sql-tab"
            aria-pressed={id === memory.current}
            onClick={() => onChange({ ...memory, current: id })}
            title={text.slice(0, 200)}
          >
            {title}
          </button>
          {memory.tabs.length > 1 && (
            <button
              type="button"
              class="sql-tab-close"
              aria-label={`Close ${title}`}
              onClick={() => close(id)}
            >
              <Icon name="x" size={12} />
            </button>
          )}
        </span>
      ))}
      <Button
        small
        kind="quiet"
        icon="plus"
        label="New tab"
        onClick={() => {
          const used = memory.tabs.map(({ title }) => Number(title.replace(/\D/g, "")));
          const tab = newTab(Math.max(0, ...used) + 1);
          onChange({ ...memory, tabs: [...memory.tabs, tab], current: tab.id });
        }}
      />
    </div>
  );
}

interface HistoryDialogProps {
  history: EditorMemory["history"];
  onChoose: (sql: string) => void;
  onClose: () => void;
}

export function HistoryDialog({ history, onChoose, onClose }: HistoryDialogProps) {
  const [search, setSearch] = useState("");
  const found = history.filter(({ sql }) => sql.toLowerCase().includes(search.toLowerCase()));
  return (
    <Dialog title="What was run here" wide onClose={onClose}>
      <input
        class="input"
        type="search"
        aria-label="Search the history"
        placeholder="Search"
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      <ul class="sql-history">
        {found.map(({ sql, at }) => (
          <li key={sql}>
            <button type="button" onClick={() => onChoose(sql)}>
              <code>{sql.slice(0, 400)}</code>
              <span class="muted small">
                <Time at={at} />
              </span>
            </button>
          </li>
        ))}
        {found.length === 0 && <li class="muted">Nothing yet. It is kept in this browser only.</li>}
      </ul>
    </Dialog>
  );
}
