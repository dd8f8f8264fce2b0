/** In charge of `${…}` in a manifest's texts: values of managed databases, and variables as Compose writes them. */
import { type ManagedField, managedFields } from "./manifest.ts";

export interface ManagedReference {
  service: string;
  field: ManagedField;
}

/** `$$`, `${managed.db.url}`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:?message}`. */
const placeholder = /\$\$|\$\{([^}]*)\}/g;
const managedPattern = /^managed\.([^.]+)\.([^.]+)$/;

/** What stands between `${` and `}`, where it speaks of managed databases; wrong ones too. */
export function findManaged(text: string): { body: string; reference: ManagedReference | undefined }[] {
  return [...text.matchAll(placeholder)].flatMap(([, body]) => {
    if (body === undefined || !/^\s*managed\b/.test(body)) return [];
    return [{ body: body.trim(), reference: parseManaged(body.trim()) }];
  });
}

function parseManaged(body: string): ManagedReference | undefined {
  const match = managedPattern.exec(body);
  if (!match || !(managedFields as readonly string[]).includes(match[2]!)) return undefined;
  return { service: match[1]!, field: match[2] as ManagedField };
}

/** Is the value the platform's, and not the user's own? */
export const speaksOfManaged = (text: string): boolean => findManaged(text).length > 0;

export interface Interpolation {
  managed(reference: ManagedReference): string;
  /** Undefined: it is not set. Without this function variables stay as they are written, for the shell that runs the text. */
  variable?(name: string): string | undefined;
  /** Told of a variable that is not set and must be. */
  missing?(name: string, message: string): never;
}

/** The text with every placeholder replaced; `$$` is one dollar where variables are replaced, and stays where they are not. */
export function interpolate(text: string, { managed, variable, missing }: Interpolation): string {
  return text.replaceAll(placeholder, (whole: string, body: string | undefined) => {
    if (body === undefined) return variable ? "$" : whole;
    const reference = parseManaged(body.trim());
    if (reference) return managed(reference);
    if (!variable) return whole;
    const match = /^([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?+])(.*))?$/s.exec(body.trim());
    if (!match) return whole;
    const [, name, operator, rest = ""] = match;
    const value = variable(name!);
    const isSet = value !== undefined && (value !== "" || !operator?.startsWith(":"));
    if (operator?.endsWith("+")) return isSet ? rest : "";
    if (isSet) return value;
    if (operator?.endsWith("?")) missing?.(name!, rest);
    return operator?.endsWith("-") ? rest : "";
  });
}
