/** In charge of the field that a cell becomes while its value is changed. */
import { useState } from "preact/hooks";
import type { Cell } from "./copy-rows.ts";

interface CellEditorProps {
  text: string;
  onKeep: (value: Cell) => void;
  onCancel: () => void;
}

/** Enter keeps, Escape does not, Ctrl+Delete makes it NULL. */
export function CellEditor({ text, onKeep, onCancel }: CellEditorProps) {
  const [value, setValue] = useState(text);
  const [since] = useState(() => performance.now());
  return (
    <input
      class="grid-editor"
      aria-label="New value; Control and Delete make it NULL"
      value={value}
      ref={(element) => {
        if (!element || element.dataset.seen) return;
        element.dataset.seen = "yes";
        element.focus();
        element.select();
      }}
      onInput={(event) => setValue(event.currentTarget.value)}
      onBlur={(event) => {
        // A dialog that closes gives the focus back to where it was before.
        if (performance.now() - since < 500) event.currentTarget.focus();
        else if (value === text) onCancel();
        else onKeep(value);
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") onKeep(value);
        else if (event.key === "Escape") onCancel();
        else if (event.key === "Delete" && (event.ctrlKey || event.metaKey)) onKeep(null);
      }}
    />
  );
}
