/** In charge of fields of forms: a label, the control, and what to know about it. */
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface Labelled {
  label: string;
  hint?: ComponentChildren;
}

export interface TextFieldProps extends Labelled {
  value: string;
  onInput: (value: string) => void;
  type?: "text" | "password" | "search" | "datetime-local" | "number";
  placeholder?: string;
  required?: boolean;
  autoComplete?: string;
  mono?: boolean;
  autoFocus?: boolean;
  min?: string;
  max?: string;
  step?: string;
  hideLabel?: boolean;
  spellcheck?: boolean;
}

export function TextField({
  label,
  hint,
  value,
  onInput,
  mono,
  hideLabel,
  autoFocus,
  type = "text",
  ...others
}: TextFieldProps) {
  const id = useId();
  // Each type has attributes of its own, which the types of inputs keep apart; these here are good for all.
  const rest = { ...others, type };
  return (
    <div class="field">
      <label for={id} class={hideLabel ? "hidden-text" : undefined}>
        {label}
      </label>
      <input
        {...(rest as { type: "text" })}
        id={id}
        class={`input ${mono ? "mono" : ""}`}
        value={value}
        autocapitalize="off"
        spellcheck={false}
        data-first={autoFocus || undefined}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {hint && (
        <p class="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

export interface SelectFieldProps extends Labelled {
  value: string;
  onChange: (value: string) => void;
  options: readonly (readonly [value: string, text: string])[];
  hideLabel?: boolean;
}

export function SelectField({ label, hint, value, onChange, options, hideLabel }: SelectFieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id} class={hideLabel ? "hidden-text" : undefined}>
        {label}
      </label>
      <select
        id={id}
        class="input select"
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        aria-describedby={hint ? `${id}-hint` : undefined}
      >
        {options.map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
      </select>
      {hint && (
        <p class="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

export interface CheckFieldProps extends Labelled {
  checked: boolean;
  onChange: (checked: boolean) => void;
}

export function CheckField({ label, hint, checked, onChange }: CheckFieldProps) {
  const id = useId();
  return (
    <div class="check-field">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <div>
        <label for={id}>{label}</label>
        {hint && (
          <p class="field-hint" id={`${id}-hint`}>
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}
