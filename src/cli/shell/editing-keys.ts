/** In charge of which key edits how: Emacs's keys, as every shell has them. */
import type { EditBuffer } from "./edit-buffer.ts";
import type { Key } from "./terminal.ts";

/** `ctrl-a`, `meta-b`, `shift-tab`, `up`. */
export function keyName({ name, ctrl, meta, shift, text, sequence }: Key): string {
  // Node gives some control characters no name.
  if (sequence === "\u001f") return "ctrl-_";
  if (name === "" && text !== undefined) return text;
  // A capital letter is a letter, and not another key.
  const isShifted = shift && name.length > 1;
  return `${ctrl ? "ctrl-" : ""}${meta && name !== "escape" ? "meta-" : ""}${isShifted ? "shift-" : ""}${name}`;
}

export const editingKeys: Record<string, (buffer: EditBuffer) => void> = {
  left: (buffer) => buffer.left(),
  right: (buffer) => buffer.right(),
  "ctrl-b": (buffer) => buffer.left(),
  "ctrl-f": (buffer) => buffer.right(),
  "meta-b": (buffer) => buffer.wordLeft(),
  "meta-f": (buffer) => buffer.wordRight(),
  "meta-left": (buffer) => buffer.wordLeft(),
  "meta-right": (buffer) => buffer.wordRight(),
  "ctrl-left": (buffer) => buffer.wordLeft(),
  "ctrl-right": (buffer) => buffer.wordRight(),
  home: (buffer) => buffer.lineStart(),
  end: (buffer) => buffer.lineEnd(),
  "ctrl-a": (buffer) => buffer.lineStart(),
  "ctrl-e": (buffer) => buffer.lineEnd(),
  "ctrl-home": (buffer) => buffer.start(),
  "ctrl-end": (buffer) => buffer.end(),
  "meta-<": (buffer) => buffer.start(),
  "meta->": (buffer) => buffer.end(),
  backspace: (buffer) => buffer.deleteBack(),
  "ctrl-h": (buffer) => buffer.deleteBack(),
  "shift-backspace": (buffer) => buffer.deleteBack(),
  delete: (buffer) => buffer.deleteForward(),
  "ctrl-k": (buffer) => buffer.killToLineEnd(),
  "ctrl-u": (buffer) => buffer.killToLineStart(),
  "ctrl-w": (buffer) => buffer.killWordBack(),
  "meta-backspace": (buffer) => buffer.killWordBack(),
  "meta-d": (buffer) => buffer.killWordForward(),
  "meta-delete": (buffer) => buffer.killWordForward(),
  "ctrl-y": (buffer) => buffer.yank(),
  "ctrl-t": (buffer) => buffer.transpose(),
  "ctrl-_": (buffer) => buffer.undo(),
  "ctrl-/": (buffer) => buffer.undo(),
};
