/** In charge of what a finding about row security is. */

export type FindingSeverity = "error" | "warning" | "info";

/** Who is meant by "clients": they reach a database with a token of their own, or with none. */
export const clientRoles = ["anon", "authenticated"] as const;
export type ClientRole = (typeof clientRoles)[number];

export interface RowSecurityFinding {
  /** What kind of finding it is, for example "row_security_off". */
  rule: string;
  severity: FindingSeverity;
  /** What it is about: `table public.todos`, `policy mine on public.todos`. */
  object: string;
  why: string;
  /** SQL that mends it; null where only the author can know. */
  mend: string | null;
}

const severities: readonly FindingSeverity[] = ["error", "warning", "info"];

/** The worst first; of one severity by their objects. */
export const orderFindings = (findings: readonly RowSecurityFinding[]): RowSecurityFinding[] =>
  findings.toSorted(
    (a, b) =>
      severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
      compareText(a.object, b.object) ||
      compareText(a.rule, b.rule),
  );

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
