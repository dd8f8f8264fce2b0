/** In charge of asking before what cannot be taken back: it says what will happen, and wants a name to be typed. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Change } from "../app/change.tsx";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { TextField } from "./field.tsx";
import { Problem } from "./states.tsx";

export interface ConfirmDialogProps {
  title: string;
  children: ComponentChildren;
  /** Has to be typed; absent: a click is enough. */
  typed?: string;
  action: string;
  danger?: boolean;
  change: Change;
  onConfirm: () => void;
  onClose: () => void;
}

export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, children, typed, action, danger = true, change, onConfirm, onClose } = props;
  const [text, setText] = useState("");
  const allowed = typed === undefined || text === typed;
  return (
    <Dialog
      title={title}
      onClose={onClose}
      onSubmit={() => allowed && !change.busy && onConfirm()}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind={danger ? "danger" : "primary"} busy={change.busy} disabled={!allowed}>
            {action}
          </Button>
        </>
      }
    >
      {children}
      {typed !== undefined && (
        <TextField
          label={`Type ${typed} to confirm`}
          value={text}
          onInput={setText}
          autoComplete="off"
          mono
          autoFocus
        />
      )}
      {change.problem && <Problem problem={change.problem} />}
    </Dialog>
  );
}
