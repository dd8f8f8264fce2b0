/** In charge of dialogs: the browser's own, so that focus, Escape and what lies behind are as they should be. */
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { Button } from "./button.tsx";

export interface DialogProps {
  title: string;
  children: ComponentChildren;
  /** Buttons; Escape and the cross close it, too. */
  actions?: ComponentChildren;
  onClose: () => void;
  wide?: boolean;
  /** Makes it a form. */
  onSubmit?: (() => void) | undefined;
}

export function Dialog({ title, children, actions, onClose, wide, onSubmit }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // Before the next key, which is for the dialog already.
  useLayoutEffect(() => {
    const element = dialog.current;
    const before = document.activeElement as HTMLElement | null;
    element?.showModal();
    const first =
      element?.querySelector<HTMLElement>("[data-first]") ??
      element?.querySelector<HTMLElement>("input, select, textarea");
    first?.focus();
    return () => {
      element?.close();
      before?.focus?.();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={`dialog ${wide ? "dialog-wide" : ""}`}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <form
        class="dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit?.();
        }}
      >
        <header class="dialog-head">
          <h2 id={titleId}>{title}</h2>
          <Button kind="quiet" icon="x" label="Close" onClick={onClose} />
        </header>
        <div class="dialog-body">{children}</div>
        {actions && <footer class="dialog-actions">{actions}</footer>}
      </form>
    </dialog>
  );
}
