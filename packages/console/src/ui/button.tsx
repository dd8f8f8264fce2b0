/** In charge of buttons: plain, primary, dangerous, quiet; with an icon, and busy while what they began goes on. */
import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon.tsx";

export interface ButtonProps {
  children?: ComponentChildren;
  kind?: "plain" | "primary" | "danger" | "quiet";
  small?: boolean;
  icon?: IconName;
  busy?: boolean;
  disabled?: boolean;
  type?: "button" | "submit";
  /** For buttons that show an icon only. */
  label?: string;
  onClick?: (event: MouseEvent) => void;
  id?: string;
  "aria-expanded"?: boolean;
  "aria-pressed"?: boolean;
  class?: string;
}

export function Button({
  children,
  kind = "plain",
  small,
  icon,
  busy,
  label,
  class: more,
  ...rest
}: ButtonProps) {
  const shape = children === undefined ? "button-icon" : "";
  return (
    <button
      {...rest}
      type={rest.type ?? "button"}
      class={`button button-${kind} ${small ? "button-small" : ""} ${shape} ${more ?? ""}`}
      disabled={rest.disabled || busy}
      aria-busy={busy || undefined}
      aria-label={label}
      title={children === undefined ? label : undefined}
    >
      {busy ? <Icon name="loader-circle" class="spin" /> : icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

export function LinkButton({
  href,
  icon,
  children,
  kind = "plain",
  small,
}: Omit<ButtonProps, "onClick"> & { href: string }) {
  return (
    <a class={`button button-${kind} ${small ? "button-small" : ""}`} href={href}>
      {icon && <Icon name={icon} />}
      {children}
    </a>
  );
}
